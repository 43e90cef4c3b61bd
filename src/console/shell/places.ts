import {
  IconArrowsExchange,
  IconHeartbeat,
  IconMail,
  IconPlugConnected,
  IconReceipt,
  IconScale,
  IconUserCheck,
} from "@tabler/icons-react";

/** What the navigation leads to. */
export const PLACES = [
  { title: "Orders", href: "/orders", Icon: IconReceipt },
  { title: "Approvals", href: "/approvals", Icon: IconUserCheck },
  { title: "Webhooks", href: "/webhooks", Icon: IconArrowsExchange },
  { title: "Endpoints", href: "/endpoints", Icon: IconPlugConnected },
  { title: "Reconciliation", href: "/reconciliations", Icon: IconScale },
  { title: "Health", href: "/health", Icon: IconHeartbeat },
] as const;

/** Where there is a development mailbox. */
export const MAILBOX = { title: "Mailbox", href: "/mailbox", Icon: IconMail } as const;
