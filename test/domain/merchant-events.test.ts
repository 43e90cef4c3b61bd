import fc from "fast-check";
import { expect, test } from "vitest";
import { eventSchema } from "../../src/contract/events/catalogue.ts";
import { orderMerchantEvents } from "../../src/domain/merchant-events.ts";
import type { OrderMessage } from "../../src/domain/order.ts";
import { runs } from "./property.ts";
import { orders, play, scripts, worldOf } from "./scripts.ts";
import { World } from "./world.ts";

interface Told {
  id: string;
  type: string;
  data: { id: string; seq: number; status: string; object: string };
}

/** Keeps what the merchant is told of each transition. */
function listen(world: World): Told[] {
  const told: Told[] = [];
  const send = world.send.bind(world);
  world.send = (message: OrderMessage) => {
    const [before, base] = [world.state, world.entries.length];
    const entries = send(message);
    const transition = { before, after: world.state, entries, base, now: world.now };
    for (const { id, type, body } of orderMerchantEvents(transition)) {
      const event = JSON.parse(body) as Told;
      const read = eventSchema(type)?.safeParse(event);
      if (!read?.success) throw new Error(`${type}: ${read?.error.message ?? "has no schema"}`);
      expect(event.data.seq).toBeLessThan(Math.max(world.entries.length, 1));
      expect(event.data.seq).toBeGreaterThanOrEqual(Math.min(base, world.entries.length - 1));
      told.push({ id, type, data: event.data });
    }
    return entries;
  };
  return told;
}

test("whatever happens, each status and each change of a refund is told once, by its schema, and in the order of seq", () => {
  fc.assert(
    fc.property(orders, scripts(true), (order, script) => {
      const world = worldOf(order);
      const was = world.path.length;
      const told = listen(world);
      play(world, script);
      expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
      expect(told.map(({ data }) => data.seq)).toEqual(
        told.map(({ data }) => data.seq).sort((a, b) => a - b),
      );
      const beside = ["order.created", "order.amended", "order.held", "order.hold_released"];
      expect(
        told
          .filter(({ type, data }) => data.object === "order" && !beside.includes(type))
          .map(({ type }) => type),
      ).toEqual(world.path.slice(was).map((status) => `order.${status}`));
      for (const refund of world.state.refunds) {
        const about = told.filter(({ data }) => data.id === refund.id);
        expect(about[0]?.type).toBe("refund.created");
        expect(about.at(-1)?.data.status).toBe(refund.status);
      }
    }),
    runs(300),
  );
});

test("the same transition decided again has the same ids and bytes", () => {
  const world = new World();
  const before = world.state;
  const entries = world.cancel();
  const transition = { before, after: world.state, entries, base: 1, now: world.now };
  expect(orderMerchantEvents(transition)).toEqual(orderMerchantEvents(structuredClone(transition)));
});
