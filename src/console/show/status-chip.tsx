import { Badge } from "@mantine/core";

/** How a status of an order, an approval, a payment, a webhook or a delivery is to be taken. */
const TONES: Record<string, string> = {
  completed: "countersign",
  paid: "countersign",
  approved: "countersign",
  succeeded: "countersign",
  routed: "countersign",
  delivered: "countersign",
  finished: "countersign",
  enabled: "countersign",
  created: "gray",
  ignored: "gray",
  cancelled: "gray",
  canceled: "gray",
  expired: "gray",
  withdrawn: "gray",
  disabled: "gray",
  ended: "gray",
  active: "countersign",
  alive: "countersign",
  answers: "countersign",
  gone: "gray",
  scheduled: "blue",
  awaiting_payment: "blue",
  authorized: "blue",
  capturing: "blue",
  fulfilling: "blue",
  running: "blue",
  pending: "yellow",
  awaiting_approval: "yellow",
  requires_action: "yellow",
  parked: "yellow",
  refunded: "violet",
  partially_refunded: "violet",
  disputed: "red",
  rejected: "red",
  failed: "red",
  failing: "red",
  payment_failed: "red",
  quarantined: "red",
};

/** `awaiting_approval` → `Awaiting approval` */
export const inWords = (name: string): string => {
  const words = name.replaceAll(/[_.]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export const toneOf = (status: string): string => TONES[status] ?? "gray";

export const StatusChip = ({ status, size = "md" }: { status: string; size?: "sm" | "md" | "lg" }) => (
  <Badge color={toneOf(status)} variant="light" size={size} radius="sm" tt="none" style={{ flexShrink: 0 }}>
    {inWords(status)}
  </Badge>
);
