import type { World } from "../call.ts";
import { eta } from "./layout.ts";
import { duration } from "./moment.ts";
import { toneOf } from "./tone.ts";

const TEMPLATE = `<div class="scroll"><table><thead><tr><th>Sends to</th><th>Status</th><th>Events</th><th>Version</th><th></th></tr></thead><tbody>
<% it.rows.forEach(function (each) { %><tr><td data-is="Sends to"><span><%= each.url %><br><code class="soft"><%= each.id %></code></span></td><td data-is="Status"><span><span class="pill <%= each.tone %>"><%= each.status %></span> <span class="small soft"><%= each.failing %></span></span></td><td data-is="Events"><%= each.events %></td><td class="keep" data-is="Version"><%= each.version %></td>
<td><form class="inline" method="post" action="/endpoints/<%= each.id %>"><button class="mini" name="disabled" value="<%= each.status === 'enabled' %>"><%= each.status === 'enabled' ? 'Disable' : 'Enable' %></button></form></td></tr><% }) %>
<% if (it.rows.length === 0) { %><tr><td colspan="5" class="soft">No webhook endpoint: nobody is told of anything.</td></tr><% } %></tbody></table></div>`;

/** A table of the webhook endpoints of all accounts, each with a button that disables or enables it. */
export function endpointTable(world: World): string {
  const rows = [...world.state.accounts.values()].flatMap((account) =>
    [...account.of.endpoints.newest()].map((each) => {
      const since = account.of.endpoint_notes.get(each.id)?.failing_since ?? null;
      return {
        id: each.id,
        url: each.url,
        status: each.status,
        tone: toneOf(each.status),
        failing: since === null ? "" : `failing for ${duration(world.clock.ms() - since)}`,
        events: each.enabled_events.includes("*") ? "all" : `${each.enabled_events.length} types`,
        version: each.api_version ?? "account's",
      };
    }),
  );
  return eta.renderString(TEMPLATE, { rows });
}
