import { Resolver } from "node:dns/promises";

/** What the DNS says: records (none: there are none), or why it says nothing. */
export type DnsAnswer = { records: string[]; unknown?: undefined } | { records?: undefined; unknown: string };

export interface Dns {
  /** The texts of a name, each joined from its pieces (RFC 7208, 3.3). */
  txt(name: string): Promise<DnsAnswer>;
  /** The servers that take a domain's mail, best first; the domain itself where it has only an address (RFC 5321, 5.1). */
  mailServers(domain: string): Promise<DnsAnswer>;
}

/** Of this machine, or at these servers (`address:port`). */
export function createDns(servers?: string[]): Dns {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers) resolver.setServers(servers);

  async function ask(look: () => Promise<string[]>): Promise<DnsAnswer> {
    try {
      return { records: await look() };
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
      return code === "ENOTFOUND" || code === "ENODATA" ? { records: [] } : { unknown: code };
    }
  }

  return {
    txt: (name) => ask(async () => (await resolver.resolveTxt(name)).map((pieces) => pieces.join(""))),
    async mailServers(domain) {
      const mx = await ask(async () => {
        const found = await resolver.resolveMx(domain);
        return found.toSorted((a, b) => a.priority - b.priority).map(({ exchange }) => exchange);
      });
      if (mx.unknown !== undefined || mx.records.length > 0) return mx;
      for (const look of [() => resolver.resolve4(domain), () => resolver.resolve6(domain)]) {
        const addresses = await ask(look);
        if (addresses.unknown !== undefined) return addresses;
        if (addresses.records.length > 0) return { records: [domain] };
      }
      return mx;
    },
  };
}
