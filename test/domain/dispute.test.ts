import { describe, expect, test } from "vitest";
import { mergeDispute, type DisputeSnapshot } from "../../src/domain/payment.ts";
import { World } from "./world.ts";

const seen = (status: string, change: Partial<DisputeSnapshot> = {}): DisputeSnapshot => ({
  ...{ id: "dp_1", status, amount: 1_250, reason: "product_not_received" },
  ...{ withdrawn: 0, reinstated: 0, fee: 0, ...change },
});

function paid(): World {
  const world = new World();
  world.performAll();
  world.provider.pay("good");
  world.settle();
  return world;
}

const hear = (world: World, ...snapshots: DisputeSnapshot[]) => {
  for (const dispute of snapshots) world.send({ type: "dispute.seen", dispute, source: "webhook" });
  world.settle();
};

const problems = (world: World) => world.told("operator.alerted").map((entry) => entry.data["problem"]);

test("a dispute moves forward only, from inquiry to its end, in whatever order it is heard", () => {
  const life = [
    seen("warning_needs_response"),
    seen("warning_under_review"),
    seen("needs_response", { withdrawn: 1_250, fee: 15 }),
    seen("under_review", { withdrawn: 1_250, fee: 15 }),
    seen("won", { withdrawn: 1_250, reinstated: 1_250, fee: 15 }),
  ];
  for (const [i, earlier] of life.entries())
    for (const later of life.slice(i)) {
      expect(mergeDispute(earlier, later)).toEqual(later);
      expect(mergeDispute(later, earlier)).toEqual(later);
    }
});

describe("the operator is told", () => {
  test("of an inquiry that no money was taken, and nothing more when it ends", () => {
    const world = paid();
    hear(world, seen("warning_needs_response"), seen("warning_under_review"), seen("warning_closed"));
    expect(world.alerts).toEqual(["inquiry_opened"]);
    expect(problems(world)).toEqual([
      "the customer's bank asks about 12.50 USD (product not received); no money was taken so far",
    ]);
    expect(world.state.status).toBe("completed");
  });

  test("again when the inquiry becomes a dispute, and when that is lost", () => {
    const world = paid();
    const taken = { withdrawn: 1_250, fee: 15 };
    hear(world, seen("warning_under_review"));
    hear(world, seen("needs_response", taken), seen("needs_response", taken), seen("under_review", taken));
    hear(world, seen("lost", taken));
    expect(world.alerts).toEqual(["inquiry_opened", "dispute_opened", "dispute_lost"]);
    expect(world.state).toMatchObject({ status: "disputed", disputes: [{ status: "lost" }] });
  });

  test("once of one that is heard of when it is lost already", () => {
    const world = paid();
    hear(world, seen("lost", { withdrawn: 1_250 }));
    expect(world.alerts).toEqual(["dispute_lost"]);
  });

  test("nothing of one that was won before it was heard of", () => {
    const world = paid();
    hear(world, seen("won", { withdrawn: 1_250, reinstated: 1_250 }));
    expect(world.alerts).toEqual([]);
    expect(world.told("dispute.opened")).toHaveLength(1);
    expect(world.state.status).toBe("completed");
  });
});
