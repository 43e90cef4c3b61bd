import { afterAll, beforeAll, expect, test } from "vitest";
import { fingerprint } from "../../src/mail/templates/asked.ts";
import { openDesk } from "./life/desk.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service?.end());

interface Approval {
  id: string;
  status: string;
  revision: number;
  gate: string | null;
  content_hash: string;
  votes: unknown[];
}

const textOf = async (page: Response): Promise<string> =>
  (await page.text())
    .replace(/[\s\S]*<main>/, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ");
const open = async (link: string) => textOf(await fetch(link));
const post = async (link: string, form: Record<string, string>) => {
  const page = await fetch(link, { method: "POST", body: new URLSearchParams(form) });
  return { status: page.status, text: await textOf(page) };
};
const approvalOf = async (orderId: string): Promise<Approval> => {
  const { approval } = await service.order(orderId);
  return (await service.call<Approval>("GET", `/v1/approvals/${approval?.id}`)).body;
};
const amend = async (id: string, message: Record<string, unknown>) => {
  const { revision } = await approvalOf(id);
  const { status } = await service.call("POST", `/v1/orders/${id}/messages`, { topic: "amend", message });
  expect(status).toBe(202);
  return service.until(
    () => approvalOf(id),
    (approval) => approval.revision > revision,
  );
};

test("a changed amount voids votes and links, says what changed, and asks again under one new hash", async () => {
  const order = await service.create({ amount: 1_500_000, reference: "PO-amended" });
  await service.pay(order);
  const [finance, controller] = [
    await service.mail("finance@example.com", (m) => m.subject.includes("PO-amended")),
    await service.mail("controller@example.com", (m) => m.subject.includes("PO-amended")),
  ];
  const first = await approvalOf(order.id);
  expect(finance.text).toContain(fingerprint(first.content_hash));
  expect(await (await fetch(finance.links[0]!)).text()).toContain(`value="${first.content_hash}"`);
  expect((await post(finance.links[0]!, { decision: "approve" })).status).toBe(200);
  const cfo = await service.mail("cfo@example.com", (m) => m.subject.includes("PO-amended"));

  const second = await amend(order.id, { amount: 1_200_000 });
  expect(second).toMatchObject({ status: "pending", revision: 2, gate: "finance" });
  expect(second.content_hash).not.toBe(first.content_hash);
  for (const [mail, says] of [
    [finance, "What you decided about it no longer counts."],
    [controller, "then it was changed as shown here."],
    [cfo, "then it was changed as shown here."],
  ] as const) {
    const page = await open(mail.links[0]!);
    expect(page).toContain(says);
    expect(page).toMatch(/15,000\.00 USD → 12,000\.00 USD/);
    // Not even with the hash of what is asked now.
    for (const content_hash of [first.content_hash, second.content_hash]) {
      const late = await post(mail.links[0]!, { decision: "approve", content_hash });
      expect(late.status).toBe(409);
      expect(late.text).toContain("Your decision was not taken");
    }
  }
  expect((await approvalOf(order.id)).votes).toEqual([]);
  // Only who is asked now can have a link to it.
  expect((await post(cfo.links[0]!, { action: "fresh_link" })).status).toBe(409);
  const sent = await post(controller.links[0]!, { action: "fresh_link" });
  expect(sent.text).toContain("c•••@example.com");
  const fresh = await service.mail(
    "controller@example.com",
    (m) => m.subject.includes("PO-amended") && m.links[0] !== controller.links[0],
  );
  expect(fresh.subject).toBe("Changed: approve 12,000.00 USD for PO-amended?");
  expect(fresh.text).toContain("amount: 15,000.00 USD → 12,000.00 USD");
  expect(fresh.text).toContain(fingerprint(second.content_hash));
  expect(await open(fresh.links[0]!)).toMatch(/What changed.*15,000\.00 USD → 12,000\.00 USD/);
  expect((await post(fresh.links[0]!, { decision: "approve" })).text).toContain("cfo@example.com decides");
  const last = await service.mail(
    "cfo@example.com",
    (m) => m.subject.includes("PO-amended") && m.links[0] !== cfo.links[0] && m.links.length > 0,
  );
  expect((await post(last.links[0]!, { decision: "approve" })).text).toContain("12,000.00 USD was captured");
  await service.reached(order.id, "completed");
  const votes = (await service.trail(order.id)).filter((entry) => entry.type === "approval.voted");
  expect(votes.map((entry) => entry.data["content_hash"])).toEqual([
    first.content_hash,
    second.content_hash,
    second.content_hash,
  ]);
  // The superseded link says what became of it in the end.
  const ended = await open(finance.links[0]!);
  expect(ended).toContain("What is asked now has been approved.");
  expect(ended).toContain("12,000.00 USD was captured");
});

test("a changed payee asks again; who asked for changes sees what comes next", async () => {
  const order = await service.create({
    amount: 125_000,
    reference: "PO-payee",
    customer: { name: "Ada", email: "ada@example.com" },
  });
  await service.pay(order);
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-payee"));
  const asked = await post(mail.links[0]!, { decision: "request_changes", comment: "Which Ada?" });
  expect(asked.status).toBe(200);
  expect(asked.text).toContain("You asked for changes");
  expect(asked.text).toContain("Unless it is changed the authorization is released");
  const other = await service.mail("controller@example.com", (m) => m.subject.includes("PO-payee"));
  expect(await open(other.links[0]!)).toMatch(/finance@example.com asked for changes.*Which Ada\?/);
  expect((await post(other.links[0]!, { decision: "approve" })).status).toBe(409);
  await amend(order.id, { customer: { name: "Ada Lovelace", email: "ada@example.com" } });
  expect(await open(other.links[0]!)).toMatch(/Customer Ada → Ada Lovelace/);
  expect((await post(mail.links[0]!, { decision: "approve" })).status).toBe(409);
  const again = await service.mail(
    "finance@example.com",
    (m) => m.subject === "Changed: approve 1,250.00 USD for PO-payee?",
  );
  expect((await post(again.links[0]!, { decision: "reject" })).text).toContain("nothing was charged");
});

test("a link of an order that was cancelled says so, and of a refund what became of the money", async () => {
  const cancelled = await service.create({ amount: 125_000, reference: "PO-cancelled" });
  await service.pay(cancelled);
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-cancelled"));
  await service.call("POST", `/v1/orders/${cancelled.id}/cancel`, { reason: "ordered twice" });
  await service.reached(cancelled.id, "cancelled");
  const page = await service.until(
    () => open(mail.links[0]!),
    (text) => text.includes("Withdrawn"),
  );
  expect(page).toContain("The authorization was released and nothing was charged; the order is cancelled");
  expect((await post(mail.links[0]!, { decision: "approve" })).status).toBe(409);

  const paid = await service.create({ amount: 90_000, reference: "PO-refund" });
  await service.pay(paid);
  await service.reached(paid.id, "completed");
  await service.call("POST", `/v1/orders/${paid.id}/refunds`, { amount: 60_000, reason: "broken" });
  const refund = await service.mail("finance@example.com", (m) => m.subject.includes("refund of 600.00 USD"));
  const approved = await post(refund.links[0]!, { decision: "approve" });
  expect(approved.status).toBe(200);
  await service.reached(paid.id, "partially_refunded");
  expect(await open(refund.links[0]!)).toContain("600.00 USD was refunded; the order is partially refunded");
});

test("money is shown in the currency that was paid, not in the one that was ordered", async () => {
  const desk = openDesk(service);
  const order = await service.create({
    amount: 125_000,
    reference: "PO-euro",
    payment: { mode: "client" },
  });
  await desk.stripe.paymentIntents.update(order.payment.id ?? "", { currency: "eur" });
  await desk.payAsClient(order);
  await service.until(
    () => service.order(order.id),
    ({ hold }) => hold !== null,
  );
  await desk.send(order.id, "resolve", { action: "accept", reason: "agreed by phone" });
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-euro"));
  expect(mail.subject).toBe("Approve 1,250.00 EUR for PO-euro?");
  const { text } = await post(mail.links[0]!, { decision: "approve" });
  expect(text).toContain("1,250.00 EUR was captured");
  expect(text).not.toContain("USD");
});
