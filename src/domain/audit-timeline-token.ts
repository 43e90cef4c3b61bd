import { createHmac, timingSafeEqual } from "node:crypto";
import type { LinkSecret } from "./approval-token.ts";

/** Who may see what by a timeline's link: one order, for a while. */
export interface TimelineGrant {
  order_id: string;
  /** Seconds since 1970. */
  expires: number;
  /** Whether the webhooks behind the entries are shown too. */
  sources: boolean;
}

const macOf = ({ secret }: LinkSecret, grant: TimelineGrant): Buffer =>
  createHmac("sha256", secret)
    .update(JSON.stringify(["timeline", grant.order_id, grant.expires, grant.sources]))
    .digest();

/** `VERSION.EXPIRES.SOURCES.MAC`. It holds no API key, opens one order's timeline, and ends by itself. */
export const timelineToken = (secret: LinkSecret, grant: TimelineGrant): string =>
  [
    secret.version,
    grant.expires.toString(36),
    grant.sources ? "s" : "t",
    macOf(secret, grant).toString("base64url"),
  ].join(".");

/** What a token grants; `expired` when it did once; null when it is none of ours. */
export function readTimelineToken(
  secrets: readonly LinkSecret[],
  orderId: string,
  token: string,
  now: Date,
): TimelineGrant | "expired" | null {
  const [, version, expires, kind, mac] =
    /^([a-z0-9]{1,8})\.([0-9a-z]{1,9})\.([st])\.([A-Za-z0-9_-]{43})$/.exec(token) ?? [];
  const secret = secrets.find((each) => each.version === version);
  if (!secret || expires === undefined || mac === undefined) return null;
  const grant = { order_id: orderId, expires: Number.parseInt(expires, 36), sources: kind === "s" };
  const given = Buffer.from(mac, "base64url");
  const right = macOf(secret, grant);
  if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
  return grant.expires * 1000 > now.getTime() ? grant : "expired";
}
