import type { Config } from "../../config.ts";
import { failed, passed, type Check } from "./check.ts";
import type { Dns } from "./dns.ts";

/** Does what servers elsewhere report of our mails find its way? */
export async function checkBounces({ bounces, host }: Config, dns: Dns): Promise<Check[]> {
  if (bounces === null) return [];
  const { address, port } = bounces;
  const domain = address.slice(address.lastIndexOf("@") + 1);
  const then =
    port === null
      ? `mails come back to ${address}, which somebody has to read; set BOUNCE_PORT and approvals hear of them`
      : `there it has to be handed to port ${port} of ${host}`;
  const found = await dns.mailServers(domain);
  if (found.unknown !== undefined)
    return [passed("bounces", `where mail for ${domain} goes is not known (${found.unknown}); ${then}`)];
  // A single `.` says that a domain takes no mail (RFC 7505); Node gives it without the dot.
  const servers = found.records.filter((server) => server !== "" && server !== ".");
  return servers.length > 0
    ? [passed("bounces", `mail for ${domain} goes to ${servers.join(", ")}; ${then}`)]
    : [
        failed(
          "bounces",
          `BOUNCE_ADDRESS: the DNS names no server that takes mail for ${domain}, so servers elsewhere cannot report to us: ` +
            `give it an MX record; ${then}`,
        ),
      ];
}
