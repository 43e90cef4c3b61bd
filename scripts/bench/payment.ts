import { z } from "zod";
import { json } from "./client.ts";

const createdShape = z.looseObject({ id: z.string(), payment: z.looseObject({ session_id: z.string() }) });

export interface Created {
  id: string;
  session: string;
}

let serial = 0;

/** A payment-only order of ours: 12.50 USD by checkout, which nobody is asked about. */
export async function createOrder(url: string): Promise<Created> {
  const n = ++serial;
  const order = { reference: `PO-one-${n}`, amount: 1250, currency: "usd" };
  const key = { "idempotency-key": `bench-one-${process.pid}-${n}` };
  const { id, payment } = createdShape.parse(await json("POST", `${url}/v1/orders`, order, key));
  return { id, session: payment.session_id };
}

/** What its customer does on the hosted page. */
export async function pay(providerUrl: string, { session }: Created): Promise<void> {
  await json("POST", `${providerUrl}/_mock/checkout/${session}/pay`, { payment_method: "pm_card_visa" });
}
