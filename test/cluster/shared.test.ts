import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { freePort, startProcess, type ServiceProcess } from "../helpers/process.ts";
import { clientOf } from "../helpers/service.ts";

let database: TestDatabase;
let folder: string;
const started: ServiceProcess[] = [];

beforeAll(async () => {
  [database, folder] = await Promise.all([createDatabase(), mkdtemp(join(tmpdir(), "countersign-shared-"))]);
});
afterAll(async () => {
  await Promise.all(started.map((each) => each.end("SIGKILL")));
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

test(
  "started twice with another port, two share the bundled provider and the mailbox, and either may go",
  { timeout: 90_000 },
  async () => {
    const [portA, portB, providerPort] = [await freePort(), await freePort(), await freePort()];
    const provider = `http://127.0.0.1:${providerPort}`;
    const start = async (port: number) => {
      const service = await startProcess({
        ...{ DATABASE_URL: database.url, DATA_DIR: folder, PORT: String(port), LOG_LEVEL: "warn" },
        ...{ PROVIDER_PORT: String(providerPort), RECONCILE_EVERY_S: "1" },
      });
      if (!service) throw new Error("it was killed");
      started.push(service);
      return service;
    };
    const first = await start(portA);
    await start(portB);
    const [a, b] = [portA, portB].map((port) => clientOf(`http://127.0.0.1:${port}`, provider)) as [
      ReturnType<typeof clientOf>,
      ReturnType<typeof clientOf>,
    ];
    const order = await b.create({ reference: "PO-shared", amount: 125_000 });
    await a.pay(order);
    // Whichever of them mailed it, both show it.
    const asks = ({ subject }: { subject: string }) => subject.includes("PO-shared");
    const [seen, same] = await Promise.all([a, b].map((each) => each.mail("finance@example.com", asks)));
    expect(seen?.message_id).toBe(same?.message_id);

    const unpaid = await a.create({ reference: "PO-unpaid" });
    await first.end("SIGKILL");
    // Its provider went with it; the other starts it again, and it knows all that it knew.
    await b.until(
      () =>
        fetch(`${provider}/_mock/health`).then(
          ({ ok }) => ok,
          () => false,
        ),
      (there) => there,
      20_000,
    );
    await b.pay(unpaid);
    await b.until(
      () => b.order(unpaid.id),
      ({ status }) => status === "completed",
      20_000,
    );
    const link = (seen?.links.find((each) => each.includes("/a/")) ?? "").replace(`:${portA}/`, `:${portB}/`);
    expect((await b.decide(link, "approve")).status).toBe(200);
    const done = await b.until(
      () => b.order(order.id),
      ({ status }) => status === "completed",
      20_000,
    );
    expect(await b.ledger(done.payment.id)).toMatchObject({ captured: 125_000, captures: 1 });
  },
);
