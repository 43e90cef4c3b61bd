import type { Page } from "playwright-core";
import type { Told } from "./stories.ts";

export interface Shot {
  name: string;
  path: (told: Told) => string;
  /** What a person does on the page before the picture. */
  act?: (page: Page) => Promise<void>;
  /** The page before signing in. */
  signedOut?: boolean;
}

/** Every page of the console, and the dialogs that matter. */
export const SHOTS: Shot[] = [
  { name: "sign-in", path: () => "/orders", signedOut: true },
  { name: "orders", path: () => "/orders" },
  { name: "orders-none", path: () => "/orders?search=nothing-like-that" },
  { name: "order", path: ({ completed }) => `/orders/${completed}` },
  { name: "order-waiting", path: ({ waiting }) => `/orders/${waiting}` },
  { name: "order-unpaid", path: ({ unpaid }) => `/orders/${unpaid}` },
  { name: "order-new", path: () => "/orders/new" },
  { name: "approvals", path: () => "/approvals" },
  { name: "approval", path: ({ approval }) => `/approvals/${approval}` },
  { name: "approval-decided", path: ({ decided }) => `/approvals/${decided}` },
  { name: "webhooks", path: () => "/webhooks" },
  { name: "webhook", path: ({ webhook }) => `/webhooks/${webhook}` },
  { name: "endpoints", path: () => "/endpoints" },
  { name: "endpoint", path: ({ endpoint }) => `/endpoints/${endpoint}` },
  { name: "reconciliations", path: () => "/reconciliations" },
  { name: "health", path: () => "/health" },
  { name: "mailbox", path: () => "/mailbox" },
];
