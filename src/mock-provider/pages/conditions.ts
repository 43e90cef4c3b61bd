import type { World } from "../call.ts";
import type { ChaosSettings } from "../chaos.ts";
import { eta } from "./layout.ts";
import { moment } from "./moment.ts";

/** What each setting does, in a few words; https://docs.stripe.com/webhooks#best-practices has why it happens. */
const FIELDS: [name: keyof ChaosSettings, label: string, text: string][] = [
  ["duplicate", "Duplicate", "a delivery arrives twice"],
  ["reorder", "Reorder", "later ones pass it"],
  ["delay_ms", "Delay (ms)", "each waits up to this long"],
  ["drop", "Drop", "never delivered, only listed"],
  ["stale_signature", "Stale signature", "the first try is an hour old"],
  ["twin_event", "Twin event", "two events tell of one change"],
  ["error_after", "Error after", "done, then answered with 500"],
  ["hang", "Hang", "done, and never answered"],
  ["hang_ms", "Hang for (ms)", "until the connection closes"],
  ["reset", "Reset", "done, and the connection is cut"],
  ["seed", "Seed", "the same one repeats exactly"],
];

const WHOLE = new Set<string>(["delay_ms", "hang_ms", "seed"]);

const TEMPLATE = `<section class="card" id="clock"><h2>Time</h2>
<p class="soft small">The provider's clock says <strong class="num"><%= it.now %></strong> UTC. Moving it lets happen what falls due on the way: retries, expiries, settlements.</p>
<form class="row" method="post" action="/clock"><% it.jumps.forEach(function (jump) { %><button name="advance_s" value="<%= jump[0] %>"><%= jump[1] %></button><% }) %></form></section>
<section class="card" id="chaos"><h2>Chaos <% if (it.calm) { %><span class="pill good">calm</span><% } else { %><span class="pill bad">on</span><% } %></h2>
<form method="post" action="/chaos"><div class="rates"><% it.fields.forEach(function (field) { %><div><label for="<%= field.name %>"><%= field.label %></label><input id="<%= field.name %>" name="<%= field.name %>" type="number" min="<%= field.least %>" max="<%= field.most %>" step="<%= field.step %>" value="<%= field.value %>"><small><%= field.text %></small></div><% }) %></div>
<div class="row ends"><button class="pay slim" name="set" value="set">Set</button> <button name="set" value="calm">Calm</button></div></form></section>`;

const JUMPS = [
  ["60", "+1 minute"],
  ["3600", "+1 hour"],
  ["86400", "+1 day"],
  ["604800", "+7 days"],
];

/** Time and chaos: what the provider's surroundings are like, and the forms that change it. */
export function conditions(world: World): string {
  const { settings } = world.chaos;
  const fields = FIELDS.map(([name, label, text]) => ({
    name,
    label,
    text,
    value: settings[name],
    least: name === "seed" ? "" : 0,
    most: name === "seed" ? "" : WHOLE.has(name) ? 600_000 : 1,
    step: WHOLE.has(name) ? 1 : "any",
  }));
  const calm = FIELDS.every(([name]) => name === "seed" || name === "hang_ms" || settings[name] === 0);
  return eta.renderString(TEMPLATE, { now: moment(world.clock.ms()), jumps: JUMPS, fields, calm });
}

/** What the form asks for; a field that is left empty is as it is by default. */
export const chaosOf = (form: Record<string, string>): Record<string, number> =>
  form["set"] === "calm"
    ? {}
    : Object.fromEntries(
        FIELDS.flatMap(([name]) => (form[name] ? [[name, Number(form[name])] as const] : [])),
      );
