import { z } from "zod";
import { APPROVAL_EVENTS, approvalEvent } from "./approval.ts";
import { ORDER_EVENTS, orderEvent } from "./order.ts";
import { PING_EVENTS, pingEvent } from "./ping.ts";
import { REFUND_EVENTS, refundEvent } from "./refund.ts";

/** One type of event, as `GET /v1/event-types` lists it. */
export interface EventType {
  type: string;
  description: string;
  /** Of the bodies: a JSON schema (draft 2020-12) and its version. */
  version: 1;
  schema: unknown;
}

const FAMILIES: [Record<string, string>, z.ZodType][] = [
  [ORDER_EVENTS, orderEvent],
  [REFUND_EVENTS, refundEvent],
  [APPROVAL_EVENTS, approvalEvent],
  [PING_EVENTS, pingEvent],
];

const schemas = new Map(
  FAMILIES.flatMap(([types, schema]) => Object.keys(types).map((type) => [type, schema])),
);

export const EVENT_TYPES: readonly EventType[] = FAMILIES.flatMap(([types, schema]) => {
  const json = z.toJSONSchema(schema, { target: "draft-2020-12" });
  return Object.entries(types).map(([type, description]) => ({
    type,
    description,
    version: 1,
    schema: json,
  }));
});

/** The schema of a type's bodies; undefined for a type that there is not. */
export const eventSchema = (type: string): z.ZodType | undefined => schemas.get(type);

/** What a filter may name: types, all of an object, or everything. */
export const FILTERS: readonly string[] = [
  "*",
  ...new Set(EVENT_TYPES.map(({ type }) => `${type.split(".", 1)[0]}.*`)),
  ...EVENT_TYPES.map(({ type }) => type),
].filter((filter) => !filter.startsWith("endpoint."));

/** The table of `docs/webhooks.md`, as a formatter leaves it. */
export function eventTable(): string {
  const rows = EVENT_TYPES.map(({ type, description }) => [`\`${type}\``, description] as const);
  const [left, right] = [0, 1].map((side) => Math.max(...rows.map((row) => row[side]?.length ?? 0))) as [
    number,
    number,
  ];
  const line = (type: string, when: string, fill = " ") =>
    `| ${type.padEnd(left, fill)} | ${when.padEnd(right, fill)} |`;
  return [line("type", "when"), line("", "", "-"), ...rows.map(([type, when]) => line(type, when))].join(
    "\n",
  );
}
