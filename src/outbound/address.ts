import type { LookupAddress, LookupOptions } from "node:dns";
import { lookup, Resolver } from "node:dns/promises";
import ipaddr from "ipaddr.js";

/** An address that must not be called: it would let whoever names it reach into our own network. */
export class ForbiddenAddress extends Error {
  override readonly name = "ForbiddenAddress";
  readonly code = "forbidden_address";
}

/** Whether an IP address is anybody's on the internet: not loopback, private, link-local, or a disguise of one. */
export const isPublic = (address: string): boolean =>
  ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";

type Callback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** Name resolution that refuses private addresses: after it, so that a name cannot point inside between check and call. */
export function publicLookup(hostname: string, options: LookupOptions, done: Callback): void {
  resolve(hostname, options).then(
    (addresses) => {
      const inside = addresses.find(({ address }) => !isPublic(address));
      if (inside)
        return done(
          new ForbiddenAddress(`${hostname} is ${inside.address}, which is not a public address`),
          [],
        );
      const [first] = addresses;
      if (options.all || !first) return done(null, addresses);
      done(null, first.address, first.family);
    },
    (error: NodeJS.ErrnoException) => done(error, []),
  );
}

const dns = new Resolver({ timeout: 2_000, tries: 2 });

/** What the DNS does not know, or nobody answers for: the system's own list may. */
const UNKNOWN = new Set(["ENOTFOUND", "ENODATA", "ECONNREFUSED"]);

/**
 * Asks the DNS by itself. The system's resolver has four threads for everybody, and names whose servers do not answer would
 * hold up those of all other receivers; it is asked for what the DNS does not know, which it says at once.
 */
async function resolve(hostname: string, options: LookupOptions): Promise<LookupAddress[]> {
  const system = () => lookup(hostname, { ...options, all: true });
  // RFC 6761, section 6.3: never in the DNS.
  if (/(^|\.)localhost\.?$/i.test(hostname)) return system();
  const asked = await Promise.allSettled([dns.resolve4(hostname), dns.resolve6(hostname)]);
  const found = asked.flatMap((answer, i) =>
    answer.status === "fulfilled"
      ? answer.value.map((address) => ({ address, family: i === 0 ? 4 : 6 }))
      : [],
  );
  const wanted = found.filter(({ family }) => !options.family || options.family === family);
  if (wanted.length > 0) return wanted;
  for (const answer of asked)
    if (answer.status === "rejected" && !UNKNOWN.has((answer.reason as NodeJS.ErrnoException).code ?? ""))
      throw answer.reason;
  return system();
}
