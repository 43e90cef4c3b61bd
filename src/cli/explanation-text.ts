import { formatMoney } from "../domain/money.ts";
import type { ExplainedGate, ExplainedMail, Explanation } from "../domain/policy-explain.ts";
import { calendarOf, type ApprovalPlan, type PolicySubject } from "../domain/policy.ts";
import { paint, type Output } from "./output.ts";

const DID: Record<ExplainedMail["mail"], string> = {
  request: "asked",
  reminder: "reminded",
  escalation: "escalated",
};

/** What a policy does about a subject, in plain words; the times of people with a calendar are their own. */
export function explanationText(
  subject: PolicySubject,
  { because, tier, policy_version, plan, gates, at }: Explanation,
  output: Output,
): string {
  const c = paint(output);
  const what = subject.kind === "order" ? "An order" : "A refund";
  const head = [
    `${what} of ${c.bold(formatMoney(subject))} that comes ${written(at, "UTC")}`,
    `asks tier ${c.bold(tier)}, because of ${because} (policy ${policy_version}).`,
  ];
  if (!plan) return lines(...head, `Nobody is asked: it goes ahead at once.`);
  if (plan.obstacle) return lines(...head, `It is ${c.red("rejected")} at once: ${plan.obstacle}.`);
  return lines(
    ...head,
    ...gates.flatMap((gate, i) => ["", ...gateLines(plan, gate, i, gates.length, output)]),
    "",
    ...endLines(subject, plan, gates[0]?.ends_at ?? at),
  );
}

function gateLines(
  plan: ApprovalPlan,
  gate: ExplainedGate,
  index: number,
  of: number,
  output: Output,
): string[] {
  const c = paint(output);
  const { need, approvers } = gate;
  const many =
    need === approvers.length ? (need === 1 ? "" : "all of ") : `any ${need === 1 ? "one" : need} of `;
  const earlier = index === 0 ? "" : `, after gate ${index} (times as if that passed at once)`;
  return [
    `${c.bold(of === 1 ? `Gate ${gate.name}` : `Gate ${index + 1} of ${of}, ${gate.name}`)}${earlier}`,
    `  needs      ${many}${approvers.join(", ")}`,
    ...(gate.confirm_amount ? ["  confirm    whoever approves types the amount"] : []),
    ...gate.mails.flatMap(({ mail, at, people }) =>
      grouped(plan, people).map(
        ([zone, group]) =>
          `  ${DID[mail].padEnd(10)} ${written(at, zone)}  ${mail === "escalation" ? "to " : ""}${group.join(", ")}`,
      ),
    ),
  ];
}

function endLines({ kind }: PolicySubject, plan: ApprovalPlan, ends_at: string): string[] {
  const outcome =
    plan.on_timeout === "approve"
      ? "it is approved"
      : kind === "order"
        ? "the authorization is released and the order is rejected"
        : "the refund is not made";
  const sooner =
    kind === "order" ? `, or ${span(plan.before_capture_deadline_s)} before the authorization lapses` : "";
  return [`It ends ${written(ends_at, "UTC")}${sooner}:`, `without a decision ${outcome}.`];
}

/** People by the zone of their own clocks; those without a calendar by UTC. */
function grouped(plan: ApprovalPlan, people: string[]): [zone: string, people: string[]][] {
  const zones = new Map<string, string[]>();
  for (const person of people) {
    const zone = calendarOf(plan, person)?.time_zone ?? "UTC";
    zones.set(zone, [...(zones.get(zone) ?? []), person]);
  }
  return [...zones];
}

/** `Tue 2026-01-27 09:30 Europe/Berlin` */
function written(at: string, zone: string): string {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    ...{ weekday: "short", year: "numeric", month: "2-digit", day: "2-digit" },
    ...{ hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  }).formatToParts(new Date(at));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((p) => p.type === type)?.value ?? "";
  return `${part("weekday")} ${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")} ${zone}`;
}

/** The largest unit that it is whole in, as the policy writes it. */
function span(seconds: number): string {
  const [size, unit] = (
    [
      [3_600, "h"],
      [60, "m"],
    ] as const
  ).find(([each]) => seconds % each === 0) ?? [1, "s"];
  return `${seconds / size}${unit}`;
}

const lines = (...parts: string[]): string => `${parts.join("\n")}\n`;
