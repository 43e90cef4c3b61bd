import { Alert, Anchor, Button, Grid, List, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { InboundAnswer, WholeInbound } from "../../contract/answers/webhooks.ts";
import { useCommand } from "../api/command.ts";
import { read } from "../api/request.ts";
import { useMay } from "../api/session.ts";
import { Card } from "../show/card.tsx";
import { Confirm } from "../show/confirm.tsx";
import { Copyable } from "../show/copyable.tsx";
import { Facts } from "../show/facts.tsx";
import { Json } from "../show/json.tsx";
import { Loaded } from "../show/loaded.tsx";
import { Page } from "../show/page.tsx";
import { inWords, StatusChip, toneOf } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";
import { MEANING } from "./states.ts";

const WITHIN = [{ title: "Webhooks", href: "/webhooks" }];

/** One received webhook: what it is, what became of it, and what it did. */
export default function WebhookPage({ id }: { id: string }) {
  const query = useQuery({
    queryKey: ["inbound_webhook", id],
    queryFn: ({ signal }) => read<WholeInbound>(`/v1/webhooks/inbox/${id}`, {}, signal),
  });
  if (query.data === undefined)
    return (
      <Page title="Webhook" within={WITHIN}>
        <Loaded query={query} what="webhook">
          {() => null}
        </Loaded>
      </Page>
    );
  return <Shown webhook={query.data} />;
}

function Shown({ webhook }: { webhook: WholeInbound }) {
  const { id, type, state, reason, event_id, order_id, entries, masked } = webhook;
  return (
    <Page
      title={type}
      aside={<StatusChip status={state} size="lg" />}
      actions={<Replay id={id} />}
      within={WITHIN}
    >
      <Alert color={toneOf(state)} title={reason ?? inWords(state)}>
        <Text size="sm">{MEANING[state]}</Text>
      </Alert>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Stack gap="lg">
            <Card title="Webhook">
              <Facts
                of={{
                  Provider: webhook.provider,
                  Came: <When at={webhook.received_at} />,
                  "Came again": webhook.duplicates > 0 ? `${webhook.duplicates} times` : null,
                  Tries: webhook.attempts > 0 ? webhook.attempts : null,
                  Recovered: webhook.recovered ? "never came; found in the provider’s list" : null,
                  Order: order_id && (
                    <Anchor component={Link} href={`/orders/${order_id}`} size="sm">
                      {order_id}
                    </Anchor>
                  ),
                }}
              />
              <Copyable text={event_id} what="the event’s id" />
            </Card>
            <Card title="What it did">
              {entries.length === 0 ? (
                <Text size="sm" c="dimmed">
                  No entry of a trail names it.
                </Text>
              ) : (
                <List size="sm">
                  {entries.map(({ seq, type: entryType, at }) => (
                    <List.Item key={seq}>
                      <Anchor component={Link} href={`/orders/${order_id}`} size="sm">
                        {entryType}
                      </Anchor>{" "}
                      <When at={at} />
                    </List.Item>
                  ))}
                </List>
              )}
            </Card>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="lg">
            <Card title="Body">
              {masked && (
                <Text size="sm" c="dimmed">
                  What is personal is masked for your role.
                </Text>
              )}
              <Json value={webhook.body} what="the body" />
            </Card>
            <Card title="Headers">
              <Json value={webhook.headers} what="the headers" />
            </Card>
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function Replay({ id }: { id: string }) {
  const isAdmin = useMay("admin");
  const [opened, setOpened] = useState(false);
  const replay = useCommand<void, InboundAnswer>({
    path: `/v1/webhooks/inbox/${id}/replay`,
    changes: [["inbound_webhook", id], ["inbound_webhooks"]],
    said: ({ state, reason }) => `Replayed: ${inWords(state).toLowerCase()}${reason ? `, ${reason}` : ""}.`,
    done: () => setOpened(false),
  });
  if (!isAdmin) return null;
  return (
    <>
      <Button variant="default" onClick={() => setOpened(true)}>
        Replay
      </Button>
      <Confirm
        opened={opened}
        close={() => setOpened(false)}
        title="Replay this webhook"
        action="Replay it"
        running={replay.isPending}
        error={replay.error}
        run={() => replay.mutate()}
      >
        <Text size="sm">
          It is taken in once more, as if it came now. An order that knows it already does not change.
        </Text>
      </Confirm>
    </>
  );
}
