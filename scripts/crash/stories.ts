import type { OrderView } from "../../src/domain/order-view.ts";
import type { OrderStatus } from "../../src/domain/order.ts";

/** What merchants, customers and approvers can do. Each resolves once it is done for good, however often it had to be tried. */
export interface People {
  create(order: Record<string, unknown>): Promise<OrderView>;
  post(path: string, body: unknown): Promise<void>;
  pay(order: OrderView): Promise<void>;
  decide(order: OrderView, decision: "approve" | "reject"): Promise<void>;
  until(order: OrderView, found: (view: OrderView) => boolean): Promise<OrderView>;
}

/** What is done to an order, and how such an order may end. */
export interface Story {
  name: string;
  ends: readonly OrderStatus[];
  play(people: People): Promise<OrderView>;
}

const small = { amount: 1250, currency: "usd" };
const large = { amount: 125_000, currency: "usd" };
const confirm = (payment_method: string) => ({ ...small, payment: { mode: "confirm", payment_method } });

/** An order that can be paid. Its payment may not be open yet when it is answered. */
async function opened(people: People, body: Record<string, unknown>): Promise<OrderView> {
  return people.until(await people.create(body), (order) => order.status !== "created");
}

async function paid(people: People, body: Record<string, unknown>): Promise<OrderView> {
  const order = await opened(people, body);
  await people.pay(order);
  return order;
}

async function decided(people: People, decision: "approve" | "reject"): Promise<OrderView> {
  const order = await paid(people, large);
  await people.until(order, (view) => view.approval !== null);
  await people.decide(order, decision);
  return order;
}

const message = (people: People, { id }: OrderView, topic: string, body: unknown) =>
  people.post(`/v1/orders/${id}/messages`, { topic, message: body });

export const STORIES: readonly Story[] = [
  { name: "paid on the page", ends: ["completed"], play: (people) => paid(people, small) },
  {
    name: "paid by the server",
    ends: ["completed"],
    play: (people) => opened(people, confirm("pm_card_visa")),
  },
  {
    name: "declined and paid with another card",
    ends: ["completed"],
    async play(people) {
      const order = await opened(people, confirm("pm_card_visa_chargeDeclined"));
      await people.until(order, ({ status }) => status === "payment_failed");
      await message(people, order, "payment_method", { payment_method: "pm_card_visa" });
      return order;
    },
  },
  { name: "approved", ends: ["completed"], play: (people) => decided(people, "approve") },
  { name: "rejected", ends: ["rejected"], play: (people) => decided(people, "reject") },
  {
    name: "captured in part when the merchant says so",
    ends: ["completed"],
    async play(people) {
      const order = await paid(people, { ...small, payment: { mode: "checkout", capture: "manual" } });
      await people.until(order, ({ status }) => status === "authorized");
      await message(people, order, "capture", { amount: 1000 });
      return order;
    },
  },
  {
    name: "refunded twice in part",
    ends: ["partially_refunded"],
    async play(people) {
      const order = await paid(people, small);
      await people.until(order, ({ status }) => status === "completed");
      for (const amount of [250, 300])
        await people.post(`/v1/orders/${order.id}/refunds`, { amount, reason: "a part came broken" });
      return order;
    },
  },
  {
    name: "cancelled before it is paid",
    ends: ["cancelled"],
    async play(people) {
      const order = await opened(people, small);
      await people.post(`/v1/orders/${order.id}/cancel`, { reason: "never mind" });
      return order;
    },
  },
  {
    name: "cancelled and paid at the same moment",
    ends: ["cancelled", "completed"],
    async play(people) {
      const order = await opened(people, large);
      const cancel = people.post(`/v1/orders/${order.id}/cancel`, { reason: "changed their mind" });
      // The page may be closed by then.
      await Promise.allSettled([people.pay(order), cancel]);
      return order;
    },
  },
];
