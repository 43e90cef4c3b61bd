import { z } from "zod";
import type { View } from "../audit/personal.ts";
import { paging } from "../contract/paging.ts";
import { line } from "../contract/text.ts";

const seq = z
  .string()
  .regex(/^(-1|0|[1-9][0-9]{0,8})$/, "must be the seq of an entry, or -1 to begin with the first")
  .transform(Number);

const filter = {
  type: z
    .string()
    .regex(/^[a-z_]+(\.[a-z_]+)*$/, "must be a type of entry, such as order.created")
    .max(64, "must be at most 64 characters")
    .optional(),
  actor: line(254).optional(),
};

const orderId = z.string().regex(/^ord_[0-9a-z]{26}$/, "must be an order's id");

const time = z.iso
  .datetime({ offset: true, error: "must be an RFC 3339 time such as 2026-01-31T00:00:00Z" })
  .transform((text) => new Date(text))
  // Ids hold the time as a ULID does, which begins here.
  .refine((date) => date.getTime() >= 0, "must not be before 1970");

const flag = z.enum(["true", "false"], "must be true or false").default("false");

/** How personal values are shown; by default sealed, as the entries are hashed. */
const view = { readable: flag, proof: flag };
const viewOf = (query: { readable: string; proof: string }): View =>
  query.readable === "true" ? "readable" : query.proof === "true" ? "proof" : "sealed";
const oneView = [
  (query: { readable: string; proof: string }) => query.readable === "false" || query.proof === "false",
  { path: ["proof"], message: "shows entries as they are hashed, and readable does not; send one of them" },
] satisfies [unknown, unknown];

/** `cursor` is what the page before gave; a trail's cursor is its last `seq`. */
export const trailQuery = z
  .strictObject({
    ...filter,
    ...view,
    after_seq: seq.optional(),
    cursor: seq.optional(),
    limit: paging.limit,
  })
  .refine(...oneView)
  .refine((query) => query.cursor === undefined || query.after_seq === undefined, {
    path: ["cursor"],
    message: "says the same as after_seq; send one of them",
  })
  .transform(({ cursor, after_seq, readable, proof, ...rest }) => ({
    ...rest,
    view: viewOf({ readable, proof }),
    after: cursor ?? after_seq ?? -1,
  }));

/** How all of it is asked for; read before, by `formatOf`. */
const whole = { format: z.string().optional(), all: flag };

export const exportQuery = z
  .strictObject({ ...filter, ...view, ...whole, after_seq: seq.default(-1) })
  .refine(...oneView)
  .transform(({ after_seq, readable, proof, format: _, all: __, ...rest }) => ({
    ...rest,
    view: viewOf({ readable, proof }),
    after: after_seq,
  }));

export const streamQuery = z
  .strictObject({ ...view, after_seq: seq.default(-1) })
  .refine(...oneView)
  .transform(({ after_seq, readable, proof }) => ({ view: viewOf({ readable, proof }), after_seq }));

/** The header in which a client that comes back says what it has. */
export const lastEventId = z.strictObject({ "Last-Event-ID": seq });

const cursor = z.string().transform((text, ctx) => {
  const [, id, position] =
    /^v1:(aud_[0-9a-z]{26}):([0-9]{1,9})$/.exec(Buffer.from(text, "base64url").toString("utf8")) ?? [];
  if (id !== undefined) return { id, seq: Number(position) };
  ctx.addIssue("is not a cursor of ours; leave it out to begin with the first page");
  return z.NEVER;
});

export const auditCursor = ({ id, seq: position }: { id: string; seq: number }): string =>
  Buffer.from(`v1:${id}:${position}`).toString("base64url");

/** Of which entries, of all orders. */
const across = {
  ...filter,
  ...view,
  order_id: orderId.optional(),
  reference: line(200).optional(),
  from: time.optional(),
  to: time.optional(),
};

export const exportAcrossQuery = z
  .strictObject({ ...across, ...whole })
  .refine(...oneView)
  .transform(({ readable, proof, format: _, all: __, ...rest }) => ({
    ...rest,
    view: viewOf({ readable, proof }),
  }));

export const auditQuery = z
  .strictObject({
    ...across,
    limit: paging.limit,
    cursor: cursor.optional(),
  })
  .refine(...oneView)
  .transform(({ readable, proof, ...rest }) => ({ ...rest, view: viewOf({ readable, proof }) }));

export const isOrderId = (id: string): boolean => orderId.safeParse(id).success;
