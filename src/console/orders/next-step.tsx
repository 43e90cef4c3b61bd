import { Alert, Anchor, Button, Group, Text } from "@mantine/core";
import { IconArrowRight, IconExternalLink, IconHandStop } from "@tabler/icons-react";
import { Link } from "wouter";
import type { OrderView } from "../../contract/answers/orders.ts";
import { useSession } from "../api/session.ts";
import { When } from "../show/when.tsx";

/** What the order waits for, and the way to it. */
export function NextStep({ order }: { order: OrderView }) {
  const { payment, approval, hold, status } = order;
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
  if (payment.checkout_url && (status === "awaiting_payment" || status === "payment_failed"))
    return (
      <Alert color="blue" icon={<IconArrowRight aria-hidden />} title="It waits for the customer to pay">
        <Group gap="sm" mt={4}>
          <Button
            component="a"
            href={payment.checkout_url}
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
  return null;
}
