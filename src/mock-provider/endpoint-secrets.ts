import { z } from "zod";
import type { Actor } from "./call.ts";
import type { EndpointNote } from "./objects.ts";
import { randomText } from "./random-id.ts";
import { signatureHeader } from "./signature.ts";

/** Secrets that were rolled and still sign for a while; `until` is in milliseconds of the provider's clock. */
interface Rolled extends EndpointNote {
  retiring: { secret: string; until: number }[];
}

const rolled = z.looseObject({
  retiring: z.array(z.object({ secret: z.string(), until: z.number() })).default([]),
});

const retiringOf = (note: EndpointNote, now: number) =>
  rolled.parse(note).retiring.filter((each) => each.until > now);

/** A new signing secret, as only the answer to the endpoint's creation shows it. */
export const newSecret = () => `whsec_${randomText(32)}`;

/**
 * Gives the endpoint another secret, as Stripe's dashboard does (https://docs.stripe.com/webhooks#roll-endpoint-secrets):
 * until the former ones end, each delivery carries a signature of every one.
 */
export function rollSecret(actor: Actor, note: EndpointNote, overlapS: number): string {
  const now = actor.world.clock.ms();
  const secret = newSecret();
  const retiring = [{ secret: note.secret, until: now + overlapS * 1000 }, ...retiringOf(note, now)];
  const next: Rolled = { ...note, secret, retiring };
  actor.account.of.endpoint_notes.put(next);
  return secret;
}

/** The signature header with one `v1` for each secret that is valid at `now`; `at` is the timestamp to sign, in seconds. */
export function signedBy(note: EndpointNote, body: string, at: number, now: number): string {
  const former = retiringOf(note, now).map(({ secret }) => signatureHeader(secret, body, at).split(",")[1]);
  return [signatureHeader(note.secret, body, at), ...former].join(",");
}
