import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contentHash, DECISIONS, type Delegation } from "../../src/domain/approval.ts";
import { approvalWakeAt } from "../../src/domain/approval-decide.ts";
import { approvalView, mayDecide } from "../../src/domain/approval-seats.ts";
import { nextTimes } from "../../src/domain/approval-times.ts";
import { consequence, nextSteps } from "../../src/domain/approval-steps.ts";
import type { ApprovalPlan } from "../../src/domain/policy.ts";
import { Asked, subject, twoGates } from "./asked.ts";
import { runs } from "./property.ts";
import { DAY, HOUR, T0 } from "./world.ts";

describe("an approval", () => {
  test("goes through its gates in sequence, and each counts its own people", () => {
    const asked = new Asked();
    asked.performAll();
    expect(asked.mails.map((mail) => mail.to)).toEqual(["finance@example.com", "controller@example.com"]);
    asked.vote("cfo@example.com");
    expect(asked.state.votes).toEqual([]);
    asked.vote("controller@example.com");
    expect(asked.state).toMatchObject({ status: "pending", gate: 1 });
    asked.vote("cfo@example.com");
    asked.vote("cfo@example.com");
    expect(asked.state.status).toBe("pending");
    asked.vote("ceo@example.com");
    expect(asked.state.status).toBe("approved");
    asked.toRest();
    expect(asked.told("approval.vote_refused").map((entry) => entry.data["because"])).toEqual([
      "not_asked",
      "already_voted",
    ]);
    expect(asked.told("approval.approved")).toHaveLength(1);
    expect(asked.sent("outcome")).toMatchObject([{ to: "sam@example.com" }]);
  });

  test.each([
    ["reject", "rejected"],
    ["request_changes", "changes_requested"],
  ] as const)("ends with the first person who says %s", (decision, status) => {
    const asked = new Asked();
    asked.vote("finance@example.com", decision);
    expect(asked.state.status).toBe(status);
    asked.vote("controller@example.com");
    expect(asked.state.status).toBe(status);
    expect(asked.state.votes).toHaveLength(1);
  });

  test("knows one person in every spelling of the address", () => {
    const asked = new Asked();
    asked.vote("finance@example.com");
    asked.vote("CFO+phone@Example.com");
    asked.vote("cfo@example.com");
    asked.vote("cfo+work@example.com");
    expect(asked.state.status).toBe("pending");
    asked.vote("Sam+x@example.com", "approve", { in_place: true });
    expect(asked.state.status).toBe("pending");
    asked.vote("coo@example.com");
    expect(asked.state.status).toBe("approved");
  });

  test("takes a vote in anybody's place from those who may, but not from whoever requested it", () => {
    const asked = new Asked();
    asked.vote("sam@example.com", "approve", { in_place: true });
    expect(asked.state.gate).toBe(0);
    asked.vote("dev@example.com", "approve", { in_place: true });
    expect(asked.state.gate).toBe(1);
  });

  test("takes no vote about something else than what it asks now", () => {
    const asked = new Asked();
    asked.vote("finance@example.com", "approve", { content_hash: contentHash({ ...subject, amount: 1 }, 1) });
    expect(asked.state.votes).toEqual([]);
    asked.toRest();
    expect(asked.told("approval.vote_refused")).toMatchObject([{ data: { because: "superseded" } }]);
  });

  test("a click that comes late does not answer the next gate's question", () => {
    const asked = new Asked({
      ...twoGates,
      gates: [
        { name: "finance", need: 1, approvers: ["finance@example.com", "cfo@example.com"] },
        { name: "management", need: 1, approvers: ["cfo@example.com"] },
      ],
    });
    asked.vote("finance@example.com");
    asked.vote("cfo@example.com", "approve", { gate: 0 });
    expect(asked.state).toMatchObject({ status: "pending", gate: 1 });
    asked.vote("cfo@example.com", "approve", { gate: 1 });
    expect(asked.state.status).toBe("approved");
    asked.toRest();
    expect(asked.told("approval.vote_refused")).toMatchObject([{ data: { because: "superseded" } }]);
  });

  test("tells whose place was taken away once, and not again when the rest is changed or withdrawn", () => {
    const asked = new Asked();
    asked.send({ type: "revoke", approver: "finance@example.com", actor: { type: "operator", id: "ops" } });
    asked.amend(1_000);
    asked.send({ type: "withdraw", reason: "cancelled" });
    asked.toRest();
    expect(asked.sent("notice").map((mail) => [mail.to, mail.notice?.kind])).toEqual([
      ["finance@example.com", "revoked"],
      ["controller@example.com", "withdrawn"],
    ]);
  });

  test("says in each escalation why", () => {
    const asked = new Asked();
    asked.perform((work) =>
      work.effect.kind === "mail" && work.effect.to.startsWith("finance") ? "refused" : "ok",
    );
    asked.performAll();
    expect(asked.sent("escalation")).toMatchObject([{ because: "mail to finance@example.com was refused" }]);
  });

  test("takes no vote after its deadline, though nobody looked at the clock", () => {
    const asked = new Asked();
    asked.now = new Date(Date.parse(T0) + 6 * DAY);
    asked.vote("finance@example.com");
    expect(asked.state).toMatchObject({ status: "expired", votes: [] });
  });

  test("reminds, escalates, and expires, each at its time and once", () => {
    const asked = new Asked();
    asked.performAll();
    expect(nextSteps(asked.state).map((step) => step.when)).toEqual([
      "2026-01-02T00:00:00.000Z",
      "2026-01-03T00:00:00.000Z",
      "2026-01-06T00:00:00.000Z",
    ]);
    asked.toRest();
    expect(asked.state).toMatchObject({ status: "expired", concluded: { at: "2026-01-06T00:00:00.000Z" } });
    expect(asked.sent("reminder")).toHaveLength(2);
    expect(asked.sent("escalation")).toMatchObject([{ to: "cfo@example.com" }]);
    expect(consequence(asked.state)).toBe("The authorization is released; the customer is not charged.");
  });

  test("shares out a short time: people are reminded before the authorization lapses", () => {
    const in40Hours = new Date(Date.parse(T0) + 40 * HOUR).toISOString();
    const asked = new Asked(twoGates, in40Hours);
    expect(asked.state.deadline_at).toBe(new Date(Date.parse(T0) + 16 * HOUR).toISOString());
    expect(nextTimes(asked.state)).toMatchObject({
      remind_at: new Date(Date.parse(T0) + 8 * HOUR).toISOString(),
      escalate_at: new Date(Date.parse(T0) + 12 * HOUR).toISOString(),
    });
    asked.toRest();
    expect(asked.state.status).toBe("expired");
    expect([...new Set(asked.mails.map((m) => m.mail))]).toEqual([
      "request",
      "reminder",
      "escalation",
      "outcome",
    ]);
  });

  test("may be decided by those to whom it was escalated", () => {
    const asked = new Asked();
    asked.wait(48 * HOUR);
    expect(mayDecide(asked.state, asked.now)).toContain("cfo@example.com");
    asked.vote("cfo@example.com");
    expect(asked.state.gate).toBe(1);
    expect(mayDecide(asked.state, asked.now)).toEqual(twoGates.gates[1]!.approvers);
  });

  test("escalates at once when a mail is refused, and says who does not get it", () => {
    const asked = new Asked();
    asked.perform((work) =>
      work.effect.kind === "mail" && work.effect.to.startsWith("finance") ? "refused" : "ok",
    );
    asked.performAll();
    expect(asked.sent("escalation")).toHaveLength(1);
    expect(asked.told("mail.refused")).toMatchObject([{ data: { to: "finance@example.com" } }]);
    expect(asked.told("approval.escalated")).toHaveLength(1);
  });

  test("that nobody can be asked further does not claim that it was escalated", () => {
    const asked = new Asked({ ...twoGates, escalate_to: [] });
    asked.toRest();
    expect(asked.told("approval.escalated")).toEqual([]);
  });

  test("says that mail is down ever more rarely, and mails when it is back", () => {
    const asked = new Asked({ ...twoGates, gates: [twoGates.gates[0]!], escalate_to: [] });
    for (let attempt = 0; attempt < 10; attempt++) {
      asked.perform((work) => (work.effect.kind === "mail" ? "down" : "ok"));
      asked.wait(Date.parse(approvalWakeAt(asked.state, asked.now)!) - asked.now.getTime());
      asked.perform((work) => (work.effect.kind === "mail" ? "down" : "ok"));
      asked.wait(400_000);
    }
    asked.performAll();
    expect(asked.mails).toHaveLength(2);
    const attempts = asked.told("mail.deferred").map((entry) => entry.data["attempts"]);
    expect([...new Set(attempts)]).toEqual([1, 2, 4, 8, 16].slice(0, new Set(attempts).size));
  });

  test("reports in order, though the first report has to wait", () => {
    const asked = new Asked();
    asked.vote("finance@example.com");
    asked.vote("cfo@example.com");
    asked.perform((work) => (work.effect.kind === "report" ? "down" : "ok"));
    expect(asked.due).toEqual([]);
    expect(Date.parse(approvalWakeAt(asked.state, asked.now)!)).toBeGreaterThan(asked.now.getTime());
    asked.wait(2_000);
    asked.performAll();
    expect(asked.entries.map((entry) => entry.type).filter((type) => type.startsWith("approval"))).toEqual([
      "approval.requested",
      "approval.voted",
      "approval.requested",
      "approval.voted",
    ]);
    const versions = asked.reported.map((report) => report.view.version);
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    expect(new Set(versions).size).toBe(versions.length);
  });

  test("mails each person once unless asked to send it again", () => {
    const asked = new Asked();
    asked.performAll();
    asked.send({ type: "resend", approver: "Finance@example.com", actor: { type: "operator", id: "ops" } });
    asked.send({ type: "resend", approver: "nobody@example.com", actor: { type: "operator", id: "ops" } });
    asked.performAll();
    expect(asked.sent("request", "finance@example.com")).toHaveLength(2);
    expect(asked.sent("request", "controller@example.com")).toHaveLength(1);
    expect(new Set(asked.mails.map((mail) => mail.number)).size).toBe(asked.mails.length);
  });

  test("does not mail anybody about what is already decided", () => {
    const asked = new Asked();
    asked.perform((work) => (work.effect.kind === "mail" ? "down" : "ok"));
    asked.vote("finance@example.com", "reject");
    asked.toRest();
    expect(asked.sent("request")).toEqual([]);
    expect(asked.sent("outcome")).toHaveLength(1);
  });

  test("that is withdrawn tells the order and nobody else", () => {
    const asked = new Asked();
    asked.performAll();
    asked.send({ type: "withdraw", reason: "cancelled" });
    asked.send({ type: "withdraw", reason: "cancelled" });
    asked.toRest();
    expect(asked.state.status).toBe("withdrawn");
    expect(asked.sent("outcome")).toEqual([]);
    expect(asked.told("approval.withdrawn")).toHaveLength(1);
  });

  test("of which the authorization is about to lapse is not asked at all", () => {
    const asked = new Asked(twoGates, new Date(Date.parse(T0) + 12 * HOUR).toISOString());
    expect(asked.state.status).toBe("expired");
    asked.toRest();
    expect(asked.sent("request")).toEqual([]);
  });
});

const PEOPLE = [
  "finance@example.com",
  "Finance+mobile@example.com",
  "controller@example.com",
  "cfo@example.com",
  "ceo@example.com",
  "coo@example.com",
  "sam@example.com",
  "SAM+2@example.com",
  "stranger@example.com",
];

type Move = (asked: Asked) => void;
const at = (ms: number) => new Date(Date.parse(T0) + ms).toISOString();
const person = fc.constantFrom(...PEOPLE);
const operator = { type: "operator", id: "ops" } as const;

const delegation: fc.Arbitrary<Delegation> = fc
  .record({
    from: person,
    to: person,
    starts_at: fc.constantFrom(0, 2 * DAY).map(at),
    ends_at: fc.constantFrom(1, DAY, 3 * DAY, 30 * DAY).map((ms) => at(2 * DAY + ms)),
  })
  .map((period) => ({ id: `dlg ${Object.values(period).join(" ")}`, ...period }));

/** Somebody who may decide now, by number; whoever guesses names seldom hits on a deputy. */
const asksNow = ({ state, now }: Asked, n: number): string | undefined => {
  const people = mayDecide(state, now);
  return people[n % people.length];
};

const moves: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.nat({ max: 9 }).map((n) => (asked: Asked) => {
      const who = asksNow(asked, n);
      if (who !== undefined) asked.vote(who);
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.nat({ max: 9 }), delegation)
      .map(([n, { to, starts_at, ends_at }]) => (asked: Asked) => {
        const from = asksNow(asked, n);
        if (from !== undefined)
          asked.delegate({ id: `dlg ${from} ${to} ${starts_at} ${ends_at}`, from, to, starts_at, ends_at });
      }),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(person, fc.constantFrom("approve", ...DECISIONS), fc.boolean(), fc.boolean()).map(
      ([who, decision, in_place, stale]) =>
        (asked: Asked) =>
          asked.vote(who, decision, {
            in_place: in_place && decision === "approve",
            ...(stale && who > "e" ? { content_hash: "old" } : {}),
          }),
    ),
  },
  {
    weight: 6,
    arbitrary: fc
      .array(fc.constantFrom("ok", "ok", "ok", "down", "refused"), { minLength: 3, maxLength: 3 })
      .map((how) => (asked: Asked) => asked.perform((_, i) => how[i % 3]!)),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(1, 1_000, 10_000, HOUR, 25 * HOUR, 3 * DAY, 9 * DAY)
      .map((ms) => (asked: Asked) => asked.wait(ms)),
  },
  {
    weight: 1,
    arbitrary: person.map((approver) => (asked: Asked) => {
      asked.resent++;
      asked.send({ type: "resend", approver, actor: operator });
    }),
  },
  { weight: 1, arbitrary: fc.constant((asked: Asked) => asked.send({ type: "remind", actor: operator })) },
  { weight: 1, arbitrary: fc.constant((asked: Asked) => asked.send({ type: "opened" })) },
  {
    weight: 1,
    arbitrary: fc.tuple(person, person, fc.array(delegation, { maxLength: 1 })).map(
      ([from, to, delegations]) =>
        (asked: Asked) =>
          asked.send({ type: "reassign", from, to, delegations, actor: operator }),
    ),
  },
  {
    weight: 1,
    arbitrary: person.map(
      (approver) => (asked: Asked) => asked.send({ type: "revoke", approver, actor: operator }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .array(delegation, { minLength: 1, maxLength: 3 })
      .map((made) => (asked: Asked) => asked.delegate(...made)),
  },
  {
    weight: 1,
    arbitrary: fc.nat({ max: 3 }).map((n) => (asked: Asked) => {
      const { id } = asked.state.delegations[n] ?? {};
      if (id !== undefined) asked.undelegate(id);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(900, 800, 700).map((amount) => (asked: Asked) => asked.amend(amount)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(person, fc.boolean()).map(
      ([to, permanent]) =>
        (asked: Asked) =>
          asked.send({ type: "bounced", number: 1, to, reason: "5.1.1 unknown", permanent }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .nat({ max: 3 })
      .map((i) => (asked: Asked) => i === 0 && asked.send({ type: "withdraw", reason: "x" })),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((retry) => (asked: Asked) => {
      asked.send({ type: "effect.failed", key: "unknown", reason: "?", code: "?", retry });
      asked.send({ type: "effect.done", key: "unknown", result: { kind: "done" } });
    }),
  },
);

const gateOf = (name: string) =>
  fc
    .uniqueArray(
      fc.constantFrom("finance@example.com", "controller@example.com", "cfo@example.com", "ceo@example.com"),
      {
        minLength: 1,
      },
    )
    .chain((approvers) =>
      fc.integer({ min: 1, max: approvers.length }).map((need) => ({ name, need, approvers })),
    );

const plans = fc
  .record({
    gates: fc
      .integer({ min: 1, max: 3 })
      .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => gateOf(`gate ${i}`)))),
    remind_after_s: fc.constantFrom(60, 3_600, 86_400, 9 * 86_400),
    escalate_after_s: fc.constantFrom(60, 7_200, 2 * 86_400),
    escalate_to: fc.subarray(["cfo@example.com", "coo@example.com"]),
    expire_after_s: fc.constantFrom(600, 86_400, 5 * 86_400),
  })
  .map((plan): ApprovalPlan => ({ ...plan, policy_version: "v", before_capture_deadline_s: 86_400 }));

test("whatever people, mail and time do, an approval counts rightly and ends by its deadline", () => {
  const seen = { delegated: 0, amended: 0, reassigned: 0 };
  fc.assert(
    fc.property(
      plans,
      fc.option(fc.constantFrom(1, 3 * DAY, 7 * DAY)),
      fc.array(moves, { maxLength: 40, size: "max" }),
      (plan, lapses, script) => {
        const capture_before = lapses === null ? null : new Date(Date.parse(T0) + lapses).toISOString();
        const asked = new Asked(plan, capture_before);
        const { deadline_at } = asked.state;
        if (capture_before !== null)
          expect(Date.parse(deadline_at)).toBeLessThanOrEqual(Date.parse(capture_before) - DAY);
        for (const move of script) move(asked);
        asked.toRest();
        seen.delegated += asked.state.votes.filter(({ approver, seat }) => approver !== seat).length;
        seen.amended += asked.state.votes.filter(({ revision }) => revision > 1).length;
        seen.reassigned += asked.state.people.length;
        expect(asked.state.status).not.toBe("pending");
        expect(asked.state.deadline_at).toBe(deadline_at);
        const requests = asked.mails
          .filter((mail) => mail.mail === "request")
          .map((mail) => `${mail.revision} ${mail.gate} ${mail.to}`);
        const ended = asked.told("approval.delegation_ended").map((entry) => entry.data["delegation_id"]);
        // Who is back is asked again, and so is who stands in for somebody once more.
        expect(requests.length - new Set(requests).size).toBeLessThanOrEqual(asked.resent + 2 * ended.length);
        const delegated = asked.told("approval.delegated").map((entry) => entry.data["delegation_id"]);
        for (const ids of [ended, delegated]) expect(ids).toEqual([...new Set(ids)]);
        for (const id of ended) expect(delegated).toContain(id);
        const versions = asked.reported.map((report) => report.view.version);
        expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
        expect(asked.reported.at(-1)?.view).toMatchObject({ status: asked.state.status });
        expect(approvalView(asked.state, asked.now).waiting_for).toEqual([]);
        expect(nextTimes(asked.state)).toEqual({ remind_at: null, escalate_at: null, deadline_at: null });
      },
    ),
    runs(800),
  );
  // Far fewer than there are: this fails when such things are not tried any more.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
});
