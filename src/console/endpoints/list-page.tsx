import { Anchor, Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import type { EndpointAnswer } from "../../contract/answers/webhooks.ts";
import { useMay } from "../api/session.ts";
import { Empty } from "../show/empty.tsx";
import { List, type Column } from "../show/list.tsx";
import { Page } from "../show/page.tsx";
import { When } from "../show/when.tsx";
import { Condition } from "./condition.tsx";
import { EndpointDialog } from "./endpoint-dialog.tsx";

const COLUMNS: Column<EndpointAnswer>[] = [
  {
    title: "Endpoint",
    cell: ({ id, url, description }) => (
      <Stack gap={0}>
        <Anchor component={Link} href={`/endpoints/${id}`} fw={600} size="sm">
          {url}
        </Anchor>
        <Text size="xs" c="dimmed">
          {description}
        </Text>
      </Stack>
    ),
  },
  { title: "State", cell: (endpoint) => <Condition endpoint={endpoint} /> },
  { title: "Events", from: "sm", cell: ({ event_types }) => <Text size="sm">{event_types.join(", ")}</Text> },
  { title: "Since", from: "md", cell: ({ created_at }) => <When at={created_at} /> },
];

/** Where your systems are told what happens. */
export default function EndpointsPage() {
  const isAdmin = useMay("admin");
  const [making, setMaking] = useState(false);
  return (
    <Page
      title="Endpoints"
      lead="Where events are posted to, signed as Standard Webhooks."
      actions={isAdmin && <Button onClick={() => setMaking(true)}>New endpoint</Button>}
    >
      <List
        name="webhook_endpoints"
        what="endpoints"
        path="/v1/webhook-endpoints"
        columns={COLUMNS}
        href={({ id }) => `/endpoints/${id}`}
        empty={
          <Empty title="Nobody is told yet">
            An endpoint is told of each order, refund and approval, and what was not taken is sent again for
            three days.
          </Empty>
        }
      />
      {making && <EndpointDialog close={() => setMaking(false)} />}
    </Page>
  );
}
