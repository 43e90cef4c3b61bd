import { lookup as resolve, type LookupAddress, type LookupOptions } from "node:dns";
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
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, []);
    const inside = addresses.find(({ address }) => !isPublic(address));
    if (inside)
      return done(
        new ForbiddenAddress(`${hostname} is ${inside.address}, which is not a public address`),
        [],
      );
    const [first] = addresses;
    if (options.all || !first) return done(null, addresses);
    done(null, first.address, first.family);
  });
}
