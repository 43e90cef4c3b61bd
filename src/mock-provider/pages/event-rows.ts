import type { World } from "../call.ts";
import type { Delivery, EventRecord } from "../objects.ts";
import type { Account } from "../state.ts";
import { eta } from "./layout.ts";
import { duration, moment } from "./moment.ts";
import { toneOf } from "./tone.ts";

const TEMPLATE = `<div class="scroll"><table><thead><tr><th>Time</th><th>Event</th><th>About</th><th>Deliveries</th><th></th></tr></thead><tbody>
<% it.rows.forEach(function (each) { %><tr><td class="num keep" data-is="Time"><%= each.at %></td><td data-is="Event"><span><%= each.type %><br><code class="soft"><%= each.id %></code></span></td><td class="about" data-is="About"><code><%= each.about %></code></td>
<td data-is="Deliveries"><div><% each.deliveries.forEach(function (d) { %><div class="delivery"><span class="pill <%= d.tone %>"><%= d.state %></span><span class="small soft"><%= d.text %></span></div><% }) %><% if (each.deliveries.length === 0) { %><span class="soft">no endpoint listens</span><% } %></div></td>
<td><% if (each.resend) { %><form class="inline" method="post" action="/events/<%= each.id %>"><input type="hidden" name="back" value="<%= it.back %>"><button class="mini">Resend</button></form><% } %></td></tr><% }) %>
<% if (it.rows.length === 0) { %><tr><td colspan="5" class="soft">No event yet.</td></tr><% } %></tbody></table></div>`;

/** A table of events, with how each delivery stands and a button that sends it again; `back` is the page it is on. */
export function eventTable(
  world: World,
  events: { account: Account; event: EventRecord }[],
  back: string,
): string {
  const now = world.clock.ms();
  const rows = events.map(({ account, event }) => ({
    id: event.id,
    at: moment(event.created * 1000),
    type: event.type,
    about: event.about.length > 32 ? `${event.about.slice(0, 30)}…` : event.about,
    resend: [...account.of.endpoints.oldest()].some(({ status }) => status === "enabled"),
    deliveries: account.of.deliveries
      .by("event", event.id)
      .filter(({ state }) => state !== "superseded")
      .map((delivery) => ({
        state: delivery.state,
        tone: delivery.state === "waiting" && delivery.attempts > 0 ? "bad" : toneOf(delivery.state),
        text: tale(delivery, now),
      })),
  }));
  return eta.renderString(TEMPLATE, { rows, back });
}

/** `500, 2 tries, next in 8 s`. */
function tale({ state, last, attempts, next_at }: Delivery, now: number): string {
  if (state === "dropped") return "lost by chaos";
  return [
    last ? String(last.status ?? last.error ?? "") : "",
    attempts > 1 ? `${attempts} tries` : "",
    state === "waiting" ? (next_at > now ? `next in ${duration(next_at - now)}` : "under way") : "",
  ]
    .filter((part) => part !== "")
    .join(", ");
}
