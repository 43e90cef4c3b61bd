import { describe, expect, test } from "vitest";
import type { Delegation } from "../../src/domain/approval.ts";
import { peopleObstacle, whyAsked } from "../../src/domain/approval-people.ts";
import { approvalView, mayDecide } from "../../src/domain/approval-seats.ts";
import { timeZoneOf } from "../../src/domain/approval-times.ts";
import type { ApprovalPlan } from "../../src/domain/policy.ts";
import { Asked, twoGates } from "./asked.ts";
import { DAY, HOUR, T0 } from "./world.ts";

const [finance, controller, cfo] = ["finance@example.com", "controller@example.com", "cfo@example.com"];
const [ceo, deputy, sam] = ["ceo@example.com", "deputy@example.com", "sam@example.com"];
const ops = { type: "operator", id: "ops@example.com" } as const;

const at = (ms: number): string => new Date(Date.parse(T0) + ms).toISOString();
/** `from` is away, by default from the beginning for ten days. */
const absence = (from: string, to: string, [starts, ends]: [number, number] = [0, 10 * DAY]): Delegation => ({
  id: `dlg_${from}_${to}_${starts}`,
  from,
  to,
  starts_at: at(starts),
  ends_at: at(ends),
  created_by: from,
});
const oneGate = (need: number, ...approvers: string[]): ApprovalPlan => ({
  ...twoGates,
  gates: [{ name: "finance", need, approvers }],
  escalate_to: [],
});
const waiting = (asked: Asked) => approvalView(asked.state, asked.now).waiting_for;
const reassign = (asked: Asked, from: string, to: string, delegations: Delegation[] = []) =>
  asked.send({ type: "reassign", from, to, delegations, actor: ops });
const revoke = (asked: Asked, approver: string) => asked.send({ type: "revoke", approver, actor: ops });

describe("whoever is away", () => {
  test("is not disturbed: the deputy is asked instead, and decides in that place", () => {
    const asked = new Asked(oneGate(1, finance), null, [absence(finance, deputy)]);
    asked.performAll();
    expect(asked.mails.map(({ to }) => to)).toEqual([deputy]);
    expect(whyAsked(asked.state, deputy, asked.now)).toEqual({
      kind: "delegate",
      from: finance,
      until: at(10 * DAY),
    });
    asked.vote(deputy);
    expect(asked.state).toMatchObject({ status: "approved", votes: [{ approver: deputy, seat: finance }] });
    asked.toRest();
    expect(asked.told("approval.delegated")).toMatchObject([
      { data: { from: finance, to: deputy, by: finance } },
    ]);
  });

  test("may decide all the same, and then the deputy need not", () => {
    const asked = new Asked(oneGate(2, finance, controller), null, [absence(finance, deputy)]);
    asked.vote(finance);
    asked.vote(deputy);
    expect(asked.state.votes.map(({ approver }) => approver)).toEqual([finance]);
    expect(waiting(asked)).toEqual([controller]);
  });

  test("goes while the question waits, and comes back: who is asked changes with the clock", () => {
    const asked = new Asked(oneGate(1, finance));
    asked.performAll();
    asked.delegate(absence(finance, deputy, [DAY, 3 * DAY]));
    expect(waiting(asked)).toEqual([finance]);
    asked.wait(DAY);
    expect(waiting(asked)).toEqual([deputy]);
    asked.performAll();
    asked.wait(2 * DAY);
    expect(waiting(asked)).toEqual([finance]);
    asked.performAll();
    expect(asked.sent("request").map(({ to }) => to)).toEqual([finance, deputy, finance]);
    asked.vote(deputy);
    expect(asked.state.votes).toEqual([]);
    asked.toRest();
    expect(asked.told("approval.delegation_ended")).toMatchObject([
      { data: { to: deputy, because: "over" } },
    ]);
    expect(asked.told("approval.vote_refused")).toMatchObject([{ data: { because: "not_asked" } }]);
  });

  test("may not come back before a mail that was still to go out: the deputy does not get it any more", () => {
    const asked = new Asked(oneGate(1, finance), null, [absence(finance, deputy)]);
    asked.perform((work) => (work.effect.kind === "mail" ? "down" : "ok"));
    asked.undelegate(absence(finance, deputy).id);
    asked.wait(HOUR);
    asked.performAll();
    expect(asked.sent("request").map(({ to }) => to)).toEqual([finance]);
  });

  test("is away at a later gate too, though nothing is said before that gate opens", () => {
    const asked = new Asked(twoGates, null, [absence(cfo, deputy)]);
    asked.performAll();
    expect(asked.told("approval.delegated")).toEqual([]);
    asked.vote(finance);
    asked.performAll();
    expect(asked.told("approval.delegated")).toMatchObject([{ data: { from: cfo, to: deputy } }]);
    expect(mayDecide(asked.state, asked.now)).toContain(deputy);
  });
});

describe("what is heard of delegations", () => {
  const known = absence(finance, deputy);

  test.each([
    ["twice", (asked: Asked) => [asked.delegate(known), asked.delegate(known)], [deputy]],
    [
      "taken back before it was made",
      (asked: Asked) => [asked.undelegate(known.id), asked.delegate(known)],
      [finance],
    ],
    ["made and taken back", (asked: Asked) => [asked.delegate(known), asked.undelegate(known.id)], [finance]],
  ])("may come %s", (_, hear, people) => {
    const asked = new Asked(oneGate(1, finance));
    hear(asked);
    expect(waiting(asked)).toEqual(people);
    asked.performAll();
    expect(asked.told("approval.delegated").length).toBeLessThanOrEqual(1);
  });

  test("after the end changes nothing", () => {
    const asked = new Asked(oneGate(1, finance));
    asked.vote(finance);
    asked.toRest();
    const ended = asked.state;
    asked.delegate(known);
    expect(asked.state).toBe(ended);
  });

  test("while changes are awaited holds when it is asked again", () => {
    const asked = new Asked(oneGate(1, finance));
    asked.vote(finance, "request_changes");
    asked.delegate(known);
    expect(asked.state.status).toBe("changes_requested");
    asked.amend(900);
    expect(waiting(asked)).toEqual([deputy]);
  });

  test("about people whom it does not ask is not kept", () => {
    const asked = new Asked(oneGate(1, finance), null, [absence("elsewhere@example.com", deputy), known]);
    expect(asked.state.delegations).toEqual([known]);
  });
});

describe("four eyes", () => {
  test("whoever requested it does not decide as a deputy: the approver is asked though away", () => {
    const asked = new Asked(oneGate(1, finance), null, [absence(finance, "Sam+deputy@example.com")]);
    expect(waiting(asked)).toEqual([finance]);
    asked.vote(sam);
    expect(asked.state.votes).toEqual([]);
  });

  test("a deputy of two counts once, and the other voice is asked of those who are away", () => {
    const away = [absence(finance, deputy), absence(controller, deputy)];
    const asked = new Asked(oneGate(2, finance, controller), null, away);
    expect(waiting(asked)).toEqual([deputy]);
    asked.vote(deputy);
    asked.vote("Deputy+again@example.com");
    expect(asked.state).toMatchObject({ status: "pending", votes: [{ approver: deputy }] });
    expect(waiting(asked)).toEqual([controller]);
    asked.vote(controller);
    expect(asked.state.status).toBe("approved");
  });

  test("an approver who is somebody's deputy fills their own place", () => {
    const asked = new Asked(oneGate(2, finance, controller), null, [absence(finance, controller)]);
    asked.vote(controller);
    expect(asked.state.votes).toMatchObject([{ approver: controller, seat: controller }]);
    expect(waiting(asked)).toEqual([finance]);
  });

  test("a chain ends after one step, and in a circle each decides once", () => {
    const chain = new Asked(oneGate(1, finance), null, [
      absence(finance, controller),
      absence(controller, deputy),
    ]);
    expect(mayDecide(chain.state, chain.now)).toEqual([finance, controller]);
    const circle = new Asked(oneGate(2, finance, controller), null, [
      absence(finance, controller),
      absence(controller, finance),
    ]);
    expect(waiting(circle)).toEqual([controller, finance]);
    circle.vote(finance);
    circle.vote(finance);
    expect(circle.state.status).toBe("pending");
    circle.vote(controller);
    expect(circle.state.status).toBe("approved");
  });

  test("gates are passed by different people: who decided the first does not stand in at the second", () => {
    const asked = new Asked(twoGates, null, [absence(cfo, controller), absence(ceo, finance)]);
    asked.vote(controller);
    expect(asked.state.gate).toBe(1);
    expect(waiting(asked)).toEqual([cfo, finance, "coo@example.com"]);
    asked.vote(controller);
    asked.vote(finance);
    asked.vote(cfo);
    expect(asked.state.status).toBe("approved");
    expect(asked.state.votes.map(({ approver }) => approver)).toEqual([controller, finance, cfo]);
  });

  test("nor does at the first who is to decide the second", () => {
    const asked = new Asked(twoGates, null, [absence(finance, cfo)]);
    expect(waiting(asked)).toEqual([finance, controller]);
  });

  test("who was sent away does not come back as somebody's deputy", () => {
    const asked = new Asked(oneGate(1, finance, controller), null, [absence(finance, controller)]);
    revoke(asked, controller);
    expect(waiting(asked)).toEqual([finance]);
    asked.vote(controller);
    expect(asked.state.votes).toEqual([]);
  });
});

describe("somebody's place", () => {
  test("is given to another, who is asked and told why; the first is told so and decides no more", () => {
    const asked = new Asked();
    asked.performAll();
    reassign(asked, finance, ceo);
    asked.performAll();
    expect(asked.sent("notice", finance)).toMatchObject([{ notice: { kind: "reassigned", to: ceo } }]);
    expect(asked.sent("request", ceo)).toHaveLength(1);
    expect(whyAsked(asked.state, ceo, asked.now)).toEqual({ kind: "reassigned", from: finance });
    asked.vote(finance);
    expect(asked.state.votes).toEqual([]);
    asked.vote(ceo);
    expect(asked.state.gate).toBe(1);
  });

  test("is given to somebody who is away: their deputy is asked", () => {
    const asked = new Asked(oneGate(1, finance));
    reassign(asked, finance, ceo, [absence(ceo, deputy)]);
    asked.performAll();
    expect(asked.sent("request").map(({ to }) => to)).toEqual([deputy]);
  });

  test("is taken while a deputy stands in: both are told", () => {
    const asked = new Asked(oneGate(1, finance, controller), null, [absence(finance, deputy)]);
    asked.performAll();
    reassign(asked, finance, ceo);
    asked.performAll();
    expect(asked.sent("notice").map(({ to }) => to)).toEqual([finance, deputy]);
    expect(waiting(asked)).toEqual([ceo, controller]);
    asked.vote(deputy);
    expect(asked.state.votes).toEqual([]);
  });

  test("is taken away: the quorum stays, and when nobody can make it up, others are asked", () => {
    const asked = new Asked({ ...oneGate(2, finance, controller), escalate_to: [cfo] });
    revoke(asked, finance);
    expect(waiting(asked)).toEqual([controller, cfo]);
    asked.performAll();
    expect(asked.sent("notice", finance)).toMatchObject([{ notice: { kind: "revoked" } }]);
    expect(asked.sent("escalation", cfo)).toMatchObject([{ because: "too few people are left to decide" }]);
    asked.vote(controller);
    asked.vote(cfo);
    expect(asked.state.status).toBe("approved");
  });

  test.each([
    ["of somebody who is not asked", ceo, deputy, "not_asked"],
    ["of a deputy, who has none", deputy, ceo, "stands_in"],
    ["of somebody who has decided", controller, ceo, "already_voted"],
    ["to whoever requested it", finance, "Sam+1@example.com", "requester"],
    ["to somebody who has one", finance, controller, "asked_already"],
  ])("%s stays where it is", (_, from, to, because) => {
    const asked = new Asked(oneGate(2, finance, controller), null, [absence(finance, deputy)]);
    asked.vote(controller);
    expect(peopleObstacle(asked.state, from, to, asked.now)).toBe(because);
    const before = mayDecide(asked.state, asked.now);
    reassign(asked, from, to);
    expect(mayDecide(asked.state, asked.now)).toEqual(before);
    asked.performAll();
    expect(asked.told("approval.reassign_refused")).toMatchObject([{ data: { because } }]);
  });

  test("cannot be given or taken once it is over", () => {
    const asked = new Asked(oneGate(1, finance));
    asked.vote(finance, "reject");
    reassign(asked, finance, ceo);
    revoke(asked, finance);
    asked.toRest();
    for (const refused of ["approval.reassign_refused", "approval.revoke_refused"])
      expect(asked.told(refused)).toMatchObject([{ data: { because: "concluded" } }]);
  });
});

test("a reminder goes to whoever is asked now: the deputy, and nobody who has decided", () => {
  const asked = new Asked(oneGate(2, finance, controller), null, [absence(finance, deputy)]);
  asked.vote(controller);
  asked.performAll();
  asked.send({ type: "remind", actor: ops });
  asked.performAll();
  expect(asked.sent("reminder").map(({ to }) => to)).toEqual([deputy]);
});

test("a deputy's own working hours hold, and for whom the policy does not list, the usual ones", () => {
  const calendars = {
    [deputy]: {
      time_zone: "Asia/Tokyo",
      quiet: "18:00-10:00",
      working_days: ["thu", "fri"] as ("thu" | "fri")[],
    },
  };
  const default_calendar = { time_zone: "Europe/Berlin", quiet: null, working_days: ["thu"] as "thu"[] };
  const plan = { ...oneGate(1, finance), calendars, default_calendar };
  const asked = new Asked(plan, null, [absence(finance, deputy)]);
  const due = () => asked.due.filter(({ effect }) => effect.kind === "mail").length;
  // It opens at midnight UTC of a Thursday, which is nine o'clock in Tokyo.
  expect(due()).toBe(0);
  asked.wait(HOUR);
  expect(due()).toBe(1);
  expect(timeZoneOf(asked.state, deputy)).toBe("Asia/Tokyo");
  expect(timeZoneOf(asked.state, ceo)).toBe("Europe/Berlin");
});
