import fc from "fast-check";
import { expect, test } from "vitest";
import { newApproval } from "../../src/domain/approval.ts";
import { erasedApproval } from "../../src/domain/approval-erase.ts";
import { ledgerOf } from "../../src/domain/ledger.ts";
import { erasureObstacle } from "../../src/domain/order-erase.ts";
import { orderEvents, orderView } from "../../src/domain/order-view.ts";
import { isAtRest, type OrderState } from "../../src/domain/order.ts";
import { subject, twoGates } from "./asked.ts";
import { runs } from "./property.ts";
import { orders, play, scripts, worldOf } from "./scripts.ts";
import { ada, plan, World } from "./world.ts";

const SAID = [
  "changed their mind",
  "broken",
  "hello",
  "looked at it",
  "blue ones",
  "buyer@example.com",
  '"Ada"',
];

const erase = (world: World, erasure_id = "ers_1") =>
  world.send({ type: "erase", actor: ada, erasure_id, reason: "asked for" });

const money = (state: OrderState) => ({
  status: state.status,
  ledger: ledgerOf(state),
  refunds: state.refunds.map(({ id, amount, status }) => ({ id, amount, status })),
  disputes: state.disputes.map(({ id, amount, status }) => ({ id, amount, status })),
  approvals: state.approvals.map(({ id, status, decided_by }) => ({ id, status, decided_by })),
});

test("whatever happened to an order, after its erasure it names nobody, and its money is the same", () => {
  fc.assert(
    fc.property(orders, scripts(true), (order, script) => {
      const world = play(worldOf(order), script);
      fc.pre(erasureObstacle(world.state) === null);
      const before = money(world.state);
      expect(erase(world).map(({ type }) => type)).toContain("order.erased");
      expect(world.state.todo.map(({ effect }) => effect.kind)).toEqual(["erase_rest"]);
      world.performAll();
      expect(isAtRest(world.state)).toBe(true);
      expect(world.state.erasure?.finished_at).not.toBeNull();
      const stored = JSON.stringify([
        world.state,
        orderEvents(world.state),
        orderView(world.state, { entries: 1, head_hash: "", updated_at: "" }),
      ]);
      expect(SAID.filter((text) => stored.includes(text))).toEqual([]);
      expect(money(world.state)).toEqual(before);
    }),
    runs(150),
  );
});

test("an order is erased when nothing of it is open any more, and not before", () => {
  const world = new World({ plan: null });
  expect(erasureObstacle(world.state)).toContain("cancel it, or wait");
  erase(world);
  expect(world.told("message.ignored").at(-1)?.data).toMatchObject({ message: "erase" });
  expect(world.state.facts.customer.name).toBe("Ada");
  world.settle();
  world.provider.pay("good");
  world.toRest();
  expect(world.state.status).toBe("completed");
  expect(erasureObstacle(world.state)).toBeNull();
  const refund = world.refund(100, plan);
  expect(erasureObstacle(world.state)).toContain(refund);
  world.performAll();
  world.hear();
  world.decideApproval("rejected");
  world.settle();
  expect(erasureObstacle(world.state)).toBeNull();
});

test("an erasure that finds another one under way asks for its own search", () => {
  const world = new World();
  world.settle();
  world.cancel();
  world.toRest();
  erase(world, "ers_1");
  erase(world, "ers_2");
  expect(world.state.todo.map(({ effect }) => effect)).toEqual([
    { kind: "erase_rest", erasure_id: "ers_1" },
    { kind: "erase_rest", erasure_id: "ers_2" },
  ]);
  world.perform();
  expect(world.told("order.erasure_finished").map(({ data }) => data["erasure_id"])).toEqual([
    "ers_1",
    "ers_2",
  ]);
  expect(world.state.erasure).toMatchObject({ id: "ers_2", webhooks: 0 });
});

test("a report of an approval that was under way brings no comment back", () => {
  const world = new World({ plan });
  world.settle();
  world.provider.pay("good");
  world.settle();
  world.decideApproval("approved");
  world.toRest();
  erase(world);
  const [approval] = world.state.approvals;
  if (!approval) throw new Error("it was approved");
  const vote = {
    approver: "finance@example.com",
    decision: "approve",
    comment: "told by Ada",
    at: approval.deadline_at,
  } as const;
  const entries = world.send({
    type: "approval.reported",
    approval: { ...approval, version: approval.version + 1, votes: [vote] },
    entries: [
      {
        type: "approval.voted",
        actor: { type: "approver", id: vote.approver },
        data: { comment: vote.comment },
      },
    ],
  });
  expect(JSON.stringify([world.state, entries])).not.toContain("told by Ada");
});

test("an approval keeps who decided, and loses what it was about and what they wrote", () => {
  const now = new Date("2026-01-01T00:00:00.000Z");
  const open = newApproval(
    {
      id: "apr_1",
      tenant: "dev",
      order_id: "ord_1",
      refund_id: null,
      callback: null,
      subject: { ...subject, description: "for Mina", requested_by: "buyer@example.com" },
      plan: twoGates,
      delegations: [],
      capture_before: null,
    },
    now,
  );
  const vote = {
    approver: "cfo@example.com",
    decision: "reject",
    comment: "not for Mina",
    at: now.toISOString(),
    gate: 0,
    revision: 1,
    seat: "cfo@example.com",
    via: "link",
  } as const;
  const erased = erasedApproval(
    { ...open, votes: [vote], concluded: { by: "cfo@example.com", at: vote.at, comment: "not for Mina" } },
    { email: "buyer@example.com", name: "Ada" },
  );
  expect(erased.subject).toEqual({ ...subject, customer: null, description: null, requested_by: null });
  expect(erased.votes).toEqual([{ ...vote, comment: null }]);
  expect(erased.concluded).toMatchObject({ by: "cfo@example.com", comment: null });
  expect(JSON.stringify(erased)).not.toMatch(/Mina|Ada|buyer/);
});
