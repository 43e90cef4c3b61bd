import { z } from "zod";

// What the data of several types of entry consists of. Readers take fields that they do not know: fields are added. In place of
// any text there may be `{commitment}`: the text is personal and kept beside the trail, or erased.

/** Minor units of the currency beside it. */
export const amount = z.int().meta({ description: "minor units of `currency`" });
/** ISO 4217, lower case. */
export const currency = z.string().length(3);
export const time = z.iso.datetime().meta({ description: "RFC 3339, UTC" });

/** Names a person, most often by mail address. */
export const person = z.string().meta({ description: "a person, most often by mail address" });
/** Somebody's own words. */
export const words = z.string().meta({ description: "somebody's own words" });

/** Why, in a few words of ours or of the provider's. */
export const reason = z.string();

/** How what the entry tells reached us. */
export const source = z.string().meta({
  description:
    "`request req_…` (a request's Request-Id), `webhook evt_…` (the provider's event), `link N` (the link in mail N of the approval), " +
    "`effect KEY` (the answer to our own call with this idempotency key), or `reconciliation` (found by asking the provider)",
});
/** Of an entry that somebody from outside brought about; older entries do not say. */
export const asked = { source: source.optional() };

export const changes = z.array(
  z.object({
    field: z.string(),
    before: z.string().meta({ description: "as people read it; empty when there was nothing" }),
    after: z.string().meta({ description: "as people read it; empty when there is nothing" }),
  }),
);
