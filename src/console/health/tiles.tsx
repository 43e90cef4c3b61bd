import { Anchor, Paper, SimpleGrid, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { OverviewAnswer } from "../../contract/answers/overview.ts";
import { inWords } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";

/** Counts end here on the server. */
const MOST = 10_000;
const count = (number: number): string =>
  number >= MOST ? "10,000 or more" : number.toLocaleString("en-US");

/** What is open, each with what waits the longest and a way to it. */
export function Tiles({ overview: { orders, approvals, inbox, deliveries } }: { overview: OverviewAnswer }) {
  const open = Object.entries(orders.by_status).filter(([, number]) => number > 0);
  const total = open.reduce((sum, [, number]) => sum + number, 0);
  const trouble = (inbox.by_state["failed"] ?? 0) + (inbox.by_state["quarantined"] ?? 0);
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} spacing="md">
      <Tile title="Open orders" number={total}>
        {open.length === 0
          ? "Nothing is under way."
          : open.map(([status, number]) => (
              <Anchor
                key={status}
                component={Link}
                href={`/orders?status=${status}`}
                size="sm"
                display="block"
              >
                {inWords(status)}: {count(number)}
              </Anchor>
            ))}
      </Tile>
      <Tile title="Open approvals" number={approvals.open}>
        {approvals.oldest_open_at ? (
          <Anchor component={Link} href="/approvals?view=all&status=pending" size="sm">
            The oldest: <When at={approvals.oldest_open_at} ago />
          </Anchor>
        ) : (
          "Nobody is asked."
        )}
      </Tile>
      <Tile title="Webhooks that wait" number={inbox.by_state["parked"] ?? 0} bad={trouble > 0}>
        {inbox.oldest_parked_at && (
          <Anchor component={Link} href="/webhooks?state=parked" size="sm" display="block">
            The oldest: <When at={inbox.oldest_parked_at} ago />
          </Anchor>
        )}
        {["failed", "quarantined"].map((state) =>
          inbox.by_state[state] ? (
            <Anchor key={state} component={Link} href={`/webhooks?state=${state}`} size="sm" display="block">
              {inWords(state)}: {count(inbox.by_state[state])}, look at them
            </Anchor>
          ) : null,
        )}
        {trouble === 0 && !inbox.oldest_parked_at && "Every webhook has found its order."}
      </Tile>
      <Tile title="Deliveries that wait" number={deliveries.pending} bad={deliveries.failing > 0}>
        {deliveries.failing > 0 && (
          <Anchor component={Link} href="/endpoints" size="sm" display="block">
            {deliveries.failing} {deliveries.failing === 1 ? "endpoint fails" : "endpoints fail"}
          </Anchor>
        )}
        {deliveries.oldest_pending_at ? (
          <>
            The oldest: <When at={deliveries.oldest_pending_at} ago />
          </>
        ) : (
          deliveries.failing === 0 && "Everybody has been told."
        )}
      </Tile>
    </SimpleGrid>
  );
}

const Tile = ({
  title,
  number,
  bad = false,
  children,
}: {
  title: string;
  number: number;
  bad?: boolean;
  children: ReactNode;
}) => (
  <Paper withBorder p="md" component="section" aria-label={title}>
    <Stack gap={4}>
      <Text size="sm" c="dimmed">
        {title}
      </Text>
      <Text fz={28} fw={700} lh={1.1} {...(bad ? { c: "var(--mantine-color-error)" } : {})}>
        {count(number)}
      </Text>
      <Text size="sm" component="div" c="dimmed">
        {children}
      </Text>
    </Stack>
  </Paper>
);
