import { oneLine } from "../markup.ts";
import { formatWhen } from "../wording.ts";
import { mailContent, type MailContent } from "./document.ts";

/** A webhook endpoint that does not take webhooks any more. */
export interface EndpointDisabledView {
  id: string;
  tenant: string;
  url: string;
  description: string | null;
  disabled_reason: string;
  disabled_at: string;
  /** Since when nothing has succeeded; null: the last try did. */
  failing_since: string | null;
  time_zone?: string;
}

/** Tells the operator that webhooks are not sent there any more, why, and what to do. */
export function endpointDisabledMail(view: EndpointDisabledView): MailContent {
  const { time_zone: zone, failing_since } = view;
  const why =
    view.disabled_reason === "gone"
      ? "It answered 410 Gone, which says that it wants no more webhooks."
      : `No webhook has been taken since ${failing_since === null ? "days" : formatWhen(failing_since, zone)}.`;
  // Its path and query may hold a secret.
  const host = URL.parse(view.url)?.host ?? "";
  return mailContent(`Webhook endpoint disabled: ${oneLine(host, 80)}`, [
    { kind: "heading", text: "A webhook endpoint was disabled" },
    { kind: "paragraph", text: why },
    {
      kind: "steps",
      title: "What to do",
      rows: [
        ["To go on", "Mend the receiver and enable the endpoint: what waits for it is sent then."],
        ["What it has missed", "Read the orders: events are not kept for an endpoint that is disabled."],
        ["If it is not needed", "Delete it."],
      ],
    },
    {
      kind: "facts",
      rows: [
        ["Endpoint", `${oneLine(host, 80)}\n${view.id}`],
        ["Description", view.description === null ? null : oneLine(view.description, 200)],
        ["Tenant", oneLine(view.tenant, 60)],
        ["Enable by", `PATCH /v1/webhook-endpoints/${view.id}`],
        ["Disabled", formatWhen(view.disabled_at, zone)],
      ],
    },
    { kind: "footnote", text: "You get this mail because OPERATOR_EMAIL names you." },
  ]);
}
