import type { AuditDraft } from "./audit-entry.ts";

type Data = AuditDraft["data"];

/** Which values of an entry's `data` are personal, as JSON Pointers (RFC 6901) within `data`. */
type Rule = (data: Data) => string[];

const none: Rule = () => [];

/** Text that a person wrote, or that somebody else's machine sent and that may name anybody. */
const text =
  (...fields: string[]): Rule =>
  (data) =>
    fields.filter((field) => isText(data[field])).map((field) => `/${field}`);

/** A provider's code such as `lost_or_stolen_card` says nothing of anybody; a sentence in its place may. */
const sentence =
  (field: string): Rule =>
  (data) =>
    isSentence(data[field]) ? [`/${field}`] : [];

export const isSentence = (value: unknown): value is string =>
  isText(value) && !/^[a-z0-9_]{1,64}$/.test(value);

/** Amounts, references and items stay readable; who buys what and why does not. */
export const PERSONAL_SUBJECT: ReadonlySet<string> = new Set(["customer", "description", "reason"]);

const changes: Rule = ({ changes: list }) =>
  (Array.isArray(list) ? (list as unknown[]) : []).flatMap((change, i) => {
    if (!isRecord(change) || !PERSONAL_SUBJECT.has(String(change["field"]))) return [];
    return ["before", "after"].filter((side) => isText(change[side])).map((side) => `/changes/${i}/${side}`);
  });

/** These tell the operator what the provider said; the others are sentences of ours about money. */
const QUOTING = new Set(["capture_failed", "void_failed", "refund_failed"]);
const problem: Rule = (data) => (QUOTING.has(String(data["alert"])) ? text("problem")(data) : []);

/**
 * Every type of entry, and what is personal in it. Who acted (`actor`), whom we asked and mailed are evidence of who decided, and
 * stay. A type that is not listed has everything committed that could be text.
 */
const RULES: Record<string, Rule> = {
  "order.created": none,
  "order.cancel_requested": text("reason"),
  "order.status_changed": none,
  "order.amended": changes,
  "order.held": none,
  "order.hold_released": none,
  "order.hold_resolved": text("reason"),
  "order.erased": text("reason"),
  "order.erasure_finished": none,
  "order.completed": none,
  "order.refunded": none,
  "order.partially_refunded": none,
  "order.disputed": none,
  "order.rejected": none,
  "order.expired": none,
  // Why: in the words of whoever cancelled it, or of the provider that refused it.
  "order.cancelled": text("reason"),
  "order.failed": text("reason"),
  "operator.alerted": problem,
  note: text("text"),
  "message.ignored": none,
  "message.failed": text("message", "error"),

  "checkout.opened": none,
  "checkout.expired": none,
  "payment.created": none,
  "payment.requires_action": none,
  "payment.processing": none,
  "payment.failed": text("message"),
  "payment.retried": none,
  "payment.authorized": none,
  "payment.capture_requested": none,
  "payment.captured": none,
  "payment.voided": none,
  "payment.refunded": none,
  "payment.mismatch": none,
  "payment.late": text("because"),

  "refund.requested": text("reason"),
  "refund.rejected": none,
  "refund.pending": sentence("failure"),
  "refund.requires_action": sentence("failure"),
  "refund.succeeded": sentence("failure"),
  "refund.failed": sentence("failure"),
  "refund.canceled": sentence("failure"),

  "dispute.opened": sentence("reason"),
  "dispute.updated": sentence("reason"),
  "dispute.funds_withdrawn": sentence("reason"),
  "dispute.funds_reinstated": sentence("reason"),
  "dispute.closed": sentence("reason"),
  "fulfilment.item": none,

  "effect.retrying": text("reason"),
  "effect.failed": text("reason"),

  "approval.requested": none,
  "approval.voted": text("comment"),
  "approval.vote_refused": none,
  "approval.approved": text("comment"),
  "approval.rejected": text("comment"),
  "approval.changes_requested": text("comment"),
  "approval.expired": text("comment"),
  "approval.withdrawn": text("comment"),
  "approval.reminded": none,
  "approval.escalated": none,
  "approval.reassigned": none,
  "approval.reassign_refused": none,
  "approval.revoked": none,
  "approval.revoke_refused": none,
  "approval.delegated": none,
  "approval.delegation_ended": none,
  "approval.amended": changes,
  "approval.amend_refused": none,
  "approval.called_back": none,
  "approval.callback_failed": text("reason"),
  "approval.resent": none,

  "mail.sent": none,
  "mail.deferred": text("reason"),
  "mail.bounced": text("reason"),
  "mail.delayed": text("reason"),
  "mail.refused": text("reason"),
};

/** Whether it is said of this type of entry what is personal in it. */
export const isListed = (type: string): boolean => Object.hasOwn(RULES, type);

/** The customer of an order, as far as it is known. */
export interface Customer {
  email: string | null;
  name: string | null;
}

/**
 * Where personal values stand in an entry, as JSON Pointers (RFC 6901) into the entry: those that its type names, and
 * wherever else one of these customers is named.
 */
export function personalFields(
  { type, data }: Pick<AuditDraft, "type" | "data">,
  customers: Customer[],
): string[] {
  const rule = isListed(type) ? RULES[type] : undefined;
  const named = strings(data).filter(
    ({ value }) => (rule === undefined && couldBeText(value)) || customers.some((who) => names(value, who)),
  );
  const paths = new Set([...(rule?.(data) ?? []), ...named.map(({ path }) => path)]);
  return [...paths].sort().map((path) => `/data${path}`);
}

const couldBeText = (value: string): boolean => /[\s@]/.test(value);

/** Does the text hold the customer's address, or the name as words of its own? */
export function names(value: string, { email, name }: Customer): boolean {
  const text = value.toLowerCase();
  if (email !== null && text.includes(email.toLowerCase())) return true;
  const word = name?.trim().toLowerCase() ?? "";
  if (word.length < 2) return false;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (!isLetter(text[at - 1]) && !isLetter(text[at + word.length])) return true;
  return false;
}

const isLetter = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}_]/u.test(char);

function strings(value: unknown, path = ""): { path: string; value: string }[] {
  if (typeof value === "string") return [{ path, value }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inside]) =>
    strings(inside, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`),
  );
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
