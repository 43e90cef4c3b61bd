import { Alert, Anchor, Button, Group, Text } from "@mantine/core";
import { IconArrowRight, IconExternalLink, IconHandStop } from "@tabler/icons-react";
import { Link } from "wouter";
import type { OrderView } from "../../contract/answers/orders.ts";
import { useSession } from "../api/session.ts";
import { When } from "../show/when.tsx";

/** Whether its checkout page is open. */
export const isPayable = ({ payment, status }: OrderView): boolean =>
  payment.checkout_url !== null &&
  (status === "awaiting_payment" || status === "requires_action" || status === "payment_failed");

/** What the order waits for, and the way to it. */
export function NextStep({ order }: { order: OrderView }) {
  const { payment, approval, hold } = order;
  const { provider, mailbox } = useSession();
  if (hold)
    return (
      <Alert color="yellow" icon={<IconHandStop aria-hidden />} title="It waits for somebody to decide">
        <Text size="sm">
          {hold.reason}. Without a decision the money goes back <When at={hold.until} ago />.
        </Text>
      </Alert>
    );
  if (approval?.status === "pending")
    return (
      <Alert
        color="yellow"
        icon={<IconArrowRight aria-hidden />}
        title={`Waits for ${approval.waiting_for.join(", ")}`}
      >
        <Group gap="sm" mt={4}>
          <Button component={Link} href={`/approvals/${approval.id}`} size="xs">
            Open the approval
          </Button>
          {mailbox && (
            <Anchor component={Link} href="/mailbox" size="sm">
              The mail with the link
            </Anchor>
          )}
          <Text size="sm">
            Its time is up <When at={approval.deadline_at} ago />.
          </Text>
        </Group>
      </Alert>
    );
  if (isPayable(order))
    return (
      <Alert color="blue" icon={<IconArrowRight aria-hidden />} title="It waits for the customer to pay">
        {payment.failure && (
          <Text size="sm" c="red">
            The last try failed: {payment.failure.message}
          </Text>
        )}
        <Group gap="sm" mt={4}>
          <Button
            component="a"
            href={payment.checkout_url ?? ""}
            target="_blank"
            rel="noreferrer"
            size="xs"
            rightSection={<IconExternalLink size={14} aria-hidden />}
          >
            Open the checkout page
          </Button>
          <Text size="sm">
            {provider.url ? "It is the bundled provider’s, with a test card filled in. " : ""}
            It closes <When at={order.pay_by} ago />.
          </Text>
        </Group>
      </Alert>
    );
  if (payment.failure && order.result === null)
    return (
      <Alert color="red" title="The payment failed">
        <Text size="sm">{payment.failure.message}</Text>
      </Alert>
    );
  const waits = waitsFor(order);
  if (waits)
    return (
      <Alert color="blue" icon={<IconArrowRight aria-hidden />} title={waits.title}>
        <Text size="sm">
          {waits.otherwise} {waits.by && <When at={waits.by} ago />}
        </Text>
      </Alert>
    );
  return null;
}

/** What somebody does on this page, or the customer elsewhere, and what is by when if nobody does. */
function waitsFor({ status, payment, fulfilment, ledger, pay_by }: OrderView) {
  if (status === "requires_action")
    return {
      title: "It waits for the customer to confirm with the bank",
      otherwise: "Otherwise its time is up",
      by: pay_by,
    };
  if (status === "authorized" && ledger.accounts.authorization > 0)
    return {
      title: "It waits for somebody to capture the money",
      otherwise: "Otherwise the hold on the card ends",
      by: payment.capture_before,
    };
  if (status === "fulfilling" && fulfilment.mode === "manual")
    return {
      title: "It waits for its items to be fulfilled",
      otherwise: "Otherwise the order fails",
      by: fulfilment.fulfil_by,
    };
  return null;
}
