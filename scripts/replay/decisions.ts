import { setTimeout as sleep } from "node:timers/promises";
import type { PlannedOrder } from "./planned.ts";
import type { Target } from "./target.ts";

const LOOK_EVERY_MS = 150;

/** What people decided when it was recorded, decided once more as soon as the order asks for it. */
export async function playDecisions(
  { decisions, order }: PlannedOrder,
  target: Pick<Target, "order" | "decide">,
  waitMs: number,
): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (const decision of decisions)
    for (let asked = false; !asked && Date.now() < deadline; await sleep(LOOK_EVERY_MS)) {
      const { approval } = await target.order(order.id);
      // Decided before, by an earlier replay of the same set.
      if (approval && approval.status !== "pending") return;
      if (!approval) continue;
      await target.decide(approval.id, decision);
      asked = true;
    }
}
