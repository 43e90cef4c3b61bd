import { describe, expect, test } from "vitest";
import { isAmendable, newApproval, type Delegation } from "../../src/domain/approval.ts";
import { beyondPlan } from "../../src/domain/approval-amend.ts";
import { approvalView } from "../../src/domain/approval-seats.ts";
import { nextTimes } from "../../src/domain/approval-times.ts";
import { parsePolicy } from "../../src/domain/policy-parse.ts";
import { planApproval, type ApprovalPlan } from "../../src/domain/policy.ts";
import { Asked, subject, twoGates } from "./asked.ts";
import { DAY, HOUR, T0 } from "./world.ts";

const [finance, controller, cfo] = ["finance@example.com", "controller@example.com", "cfo@example.com"];
const [ceo, sam] = ["ceo@example.com", "sam@example.com"];
const ops = { type: "operator", id: "ops@example.com" } as const;
const waiting = (asked: Asked) => approvalView(asked.state, asked.now).waiting_for;

describe("an approver asks for changes", () => {
  test("the requester hears it, the order is changed, and all are asked again about what it is now", () => {
    const asked = new Asked();
    asked.performAll();
    const { deadline_at } = asked.state;
    asked.vote(controller, "request_changes");
    expect(asked.state.status).toBe("changes_requested");
    asked.performAll();
    expect(asked.sent("outcome")).toMatchObject([{ to: sam }]);
    expect(nextTimes(asked.state)).toEqual({ remind_at: null, escalate_at: null, deadline_at });

    asked.wait(DAY);
    asked.amend(900);
    expect(asked.state).toMatchObject({
      status: "pending",
      revision: 2,
      gate: 0,
      deadline_at,
      amendments: [
        { revision: 2, by: sam, changes: [{ field: "amount", before: "1,250.00 USD", after: "9.00 USD" }] },
      ],
    });
    asked.performAll();
    const again = asked.sent("request").filter(({ revision }) => revision === 2);
    expect(again.map(({ to }) => to)).toEqual([finance, controller]);
    asked.vote(controller);
    expect(asked.state.gate).toBe(1);
  });

  test("nobody changes anything: it ends at the deadline that it had", () => {
    const asked = new Asked();
    const { deadline_at } = asked.state;
    asked.vote(finance, "request_changes");
    asked.toRest();
    expect(asked.state).toMatchObject({ status: "expired", concluded: { at: deadline_at } });
  });
});

describe("a change while people decide", () => {
  test("starts again at the first gate, and no vote from before counts", () => {
    const asked = new Asked();
    asked.vote(finance);
    asked.vote(cfo);
    expect(asked.state.gate).toBe(1);
    asked.amend(900);
    expect(asked.state.gate).toBe(0);
    expect(approvalView(asked.state, asked.now).votes).toEqual([]);
    for (const person of [finance, cfo, ceo]) asked.vote(person);
    expect(asked.state.status).toBe("approved");
    expect(asked.state.votes.map(({ revision }) => revision)).toEqual([1, 1, 2, 2, 2]);
  });

  test("refuses the vote of somebody who has seen what was asked before", () => {
    const asked = new Asked();
    const { content_hash } = asked.state;
    asked.amend(900);
    asked.vote(finance, "approve", { content_hash });
    expect(approvalView(asked.state, asked.now).votes).toEqual([]);
    asked.vote(finance);
    expect(asked.state.gate).toBe(1);
    asked.toRest();
    expect(asked.told("approval.vote_refused")).toMatchObject([{ data: { because: "superseded" } }]);
  });

  test("tells those who were asked and are not asked again, and sends no mail about what it was", () => {
    const asked = new Asked();
    asked.performAll();
    asked.vote(finance);
    // Management is about to be mailed: their links would be for what is not asked any more.
    asked.perform((work) => (work.effect.kind === "mail" ? "down" : "ok"));
    asked.amend(900);
    asked.wait(HOUR);
    asked.performAll();
    expect(asked.sent("request").filter(({ to }) => to === cfo)).toEqual([]);
    expect(asked.sent("notice").map(({ to, notice }) => [to, notice?.kind])).toContainEqual([
      cfo,
      "superseded",
    ]);
  });

  test("reminds and escalates anew, since the question is a new one", () => {
    const asked = new Asked();
    asked.wait(49 * HOUR);
    expect(asked.state).toMatchObject({ reminded: true, escalated: true });
    asked.amend(900);
    expect(asked.state).toMatchObject({ reminded: false, escalated: false, escalated_to: [] });
    expect(waiting(asked)).toEqual([finance, controller]);
  });

  test("keeps who has whose place, and who stands in for whom", () => {
    const away: Delegation = {
      id: "dlg_1",
      from: controller,
      to: "deputy@example.com",
      starts_at: T0,
      ends_at: new Date(Date.parse(T0) + 10 * DAY).toISOString(),
    };
    const asked = new Asked(twoGates, null, [away]);
    asked.send({ type: "reassign", from: finance, to: ceo, actor: ops });
    asked.amend(900);
    expect(waiting(asked)).toEqual([ceo, "deputy@example.com"]);
    asked.toRest();
    expect(asked.told("approval.delegated")).toHaveLength(1);
  });

  test("that changes nothing asks nobody again", () => {
    const asked = new Asked();
    const before = asked.state;
    asked.amend(subject.amount ?? 0);
    expect(asked.state).toBe(before);
  });

  test("twice at once, both telling of the last one, asks everybody once, and keeps who has decided since", () => {
    const asked = new Asked();
    asked.amend(900);
    asked.vote(finance);
    asked.send({
      type: "amend",
      subject: { ...subject, amount: 900 },
      actor: { type: "api", id: sam },
    });
    expect(asked.state).toMatchObject({ revision: 2, gate: 1 });
    expect(asked.state.amendments).toHaveLength(1);
  });
});

describe("a change that comes too late", () => {
  test.each(["approve", "reject"] as const)("after %s is refused and told", (decision) => {
    const asked = new Asked({ ...twoGates, gates: twoGates.gates.slice(0, 1) });
    asked.vote(finance, decision);
    const { status } = asked.state;
    asked.amend(900);
    asked.toRest();
    expect(asked.state).toMatchObject({ status, revision: 1 });
    expect(asked.told("approval.amend_refused")).toHaveLength(1);
  });

  test("after the deadline is refused, though nobody has looked at the clock", () => {
    const asked = new Asked();
    asked.vote(finance, "request_changes");
    asked.now = new Date(Date.parse(asked.state.deadline_at));
    asked.amend(900);
    expect(asked.state).toMatchObject({ status: "expired", revision: 1 });
  });
});

test.each(["refund", "request"] as const)("a %s is not changed: it is asked for anew", (kind) => {
  const opened = newApproval(
    {
      ...{ id: "apr_1", tenant: "dev", order_id: null, refund_id: null, callback: null },
      ...{ subject: { ...subject, kind }, plan: twoGates, delegations: [], capture_before: null },
    },
    new Date(T0),
  );
  expect(isAmendable(opened)).toBe(false);
});

describe("an amended order keeps its plan, so it may not become one that the policy asks more of", () => {
  const policy = parsePolicy(`
version: 1
groups: {}
timing: { remind_after: 1h, escalate_after: 2h, escalate_to: [], expire_after: 3h, before_capture_deadline: 1h }
tiers:
  none: []
  silent: { gates: [{ gate: finance, any_of: [finance@example.com] }], on_timeout: approve }
  one: [{ gate: finance, any_of: [finance@example.com, controller@example.com] }]
  two:
    - { gate: finance, any_of: [finance@example.com, controller@example.com] }
    - { gate: management, any_of: [cfo@example.com] }
  typed: [{ gate: finance, any_of: [finance@example.com, controller@example.com], confirm: amount }]
rules:
  - { name: new customers, when: { customer: "*@new.example.com" }, ask: two }
  - { name: typed, when: { customer: "typed@example.com" }, ask: typed }
  - { name: our own, when: { customer: "till@example.com" }, ask: silent }
orders: { highest: two, USD: [{ from: 0, ask: none }, { from: 1000, ask: one }, { from: 5000, ask: two }] }
refunds: { highest: one }
`);
  const asked = (amount: number, customer: string | null = null) =>
    planApproval(policy, {
      ...{ kind: "order", amount, customer, currency: "usd", metadata: {}, requested_by: null },
    });
  const beyond = (before: ApprovalPlan | null, after: ApprovalPlan | null) =>
    before && beyondPlan(before, before, after);

  test.each([
    ["a lower tier", asked(9_000), asked(2_000), null],
    ["no tier", asked(9_000), asked(10), null],
    ["the same tier", asked(9_000), asked(8_000), null],
    ["a further gate", asked(2_000), asked(2_000, "x@new.example.com"), "gate management"],
    ["a typed amount", asked(2_000), asked(2_000, "typed@example.com"), "gate finance"],
    ["other people", asked(2_000), asked(2_000, "till@example.com"), "gate finance"],
    [
      "a decision in place of silence",
      asked(10, "till@example.com"),
      asked(2_000),
      "a decision, not silence",
    ],
  ])("%s", (_, before, after, missing) => {
    expect(beyond(before, after)).toBe(missing);
  });

  test("an edit of the policy since then changes nothing for what does not touch it", () => {
    const accepted = asked(2_000);
    if (accepted === null) throw new Error("somebody is asked");
    const edited = asked(9_000);
    expect(beyondPlan(accepted, edited, edited)).toBeNull();
  });
});
