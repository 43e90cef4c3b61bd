/** `data` of an `event: change` of `GET /v1/changes`: what changed, to be read anew by who shows it. */
export interface ChangeAnswer {
  object: "order" | "approval" | "inbound_webhook" | "webhook_delivery";
  id: string;
  /** Of an approval or a received webhook that belongs to one. */
  order_id?: string;
}
