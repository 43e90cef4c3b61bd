/** The order as its documentation has it: https://useworkflow.dev/docs/foundations/hooks. Built before it runs. */
import { createHook } from "workflow";
import { createCheckout } from "../../checkout.ts";

async function openCheckout(id, order) {
  "use step";
  const { BENCH_PROVIDER_URL, BENCH_PROVIDER_KEY } = globalThis.process.env;
  const session = await createCheckout(BENCH_PROVIDER_URL, BENCH_PROVIDER_KEY)(id, order);
  globalThis.opened.emit(id, session);
  return session;
}

export async function orderWorkflow(id, order) {
  "use workflow";
  const paid = createHook({ token: `paid:${id}` });
  const session = await openCheckout(id, order);
  const { payment } = await paid;
  return { status: "completed", session, payment };
}
