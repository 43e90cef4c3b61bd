import { expect, test } from "vitest";
import { createPool } from "../../src/db/pool.ts";
import { createLog } from "../../src/log.ts";
import type { PaymentProvider } from "../../src/payments/provider.ts";
import { startReconciler } from "../../src/reconcile/reconciler.ts";
import type { Intake } from "../../src/inbox/accept.ts";
import { createDatabase } from "../helpers/database.ts";

test("a report whose database goes away fails by itself: the process goes on, and stops", async () => {
  const database = await createDatabase();
  const pool = createPool({ url: database.url, max: 1 });
  const failed: unknown[] = [];
  const onFailure = (error: unknown) => failed.push(error);
  process.on("unhandledRejection", onFailure);
  // No order is there to be asked about.
  const unasked = {} as PaymentProvider & Intake;
  const reconciler = startReconciler({
    ...{ pool, provider: unasked, intake: unasked, log: createLog("silent"), everyS: null },
    onDifferences: () => Promise.resolve(),
  });
  await reconciler.report("dev", new Date(0), "a test", false);
  await pool.end();
  await database.drop();
  await reconciler.stop();
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("unhandledRejection", onFailure);
  expect(failed).toEqual([]);
});
