import { Anchor, Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { DeliveryAnswer, EndpointAnswer } from "../../contract/answers/webhooks.ts";
import { read } from "../api/request.ts";
import { Breakable } from "../show/breakable.tsx";
import { Card } from "../show/card.tsx";
import { Copyable } from "../show/copyable.tsx";
import { Empty } from "../show/empty.tsx";
import { Facts } from "../show/facts.tsx";
import { useFilters } from "../show/filters.ts";
import { List, type Column } from "../show/list.tsx";
import { Loaded } from "../show/loaded.tsx";
import { Page } from "../show/page.tsx";
import { inWords, StatusChip } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";
import { Actions } from "./actions.tsx";
import { Condition } from "./condition.tsx";
import { DeliveryDrawer } from "./delivery-drawer.tsx";

const WITHIN = [{ title: "Endpoints", href: "/endpoints" }];

/** One endpoint, and every delivery to it. */
export default function EndpointPage({ id }: { id: string }) {
  const query = useQuery({
    queryKey: ["webhook_endpoint", id],
    queryFn: ({ signal }) => read<EndpointAnswer>(`/v1/webhook-endpoints/${id}`, {}, signal),
  });
  const endpoint = query.data;
  return (
    <Page
      title={endpoint?.description ?? endpoint?.url ?? "Endpoint"}
      within={WITHIN}
      actions={endpoint && <Actions endpoint={endpoint} />}
    >
      <Loaded query={query} what="endpoint">
        {(endpoint) => (
          <>
            <Card title="Endpoint" aside={<Condition endpoint={endpoint} />}>
              <Facts
                of={{
                  URL: endpoint.url,
                  Events: endpoint.event_types.join(", "),
                  "Made by": endpoint.created_by,
                  Since: <When at={endpoint.created_at} />,
                  "Former secret until": endpoint.previous_secret_until && (
                    <When at={endpoint.previous_secret_until} />
                  ),
                }}
              />
              <Copyable text={endpoint.id} what="the endpoint’s id" />
            </Card>
            <Deliveries endpoint={id} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Deliveries({ endpoint }: { endpoint: string }) {
  const [{ state = null, delivery }, set] = useFilters();
  const columns: Column<DeliveryAnswer>[] = [
    {
      title: "Event",
      cell: ({ id, event_type, event_id }) => (
        <Stack gap={0} align="flex-start">
          <Anchor component="button" size="sm" fw={600} onClick={() => set({ delivery: id })}>
            <Breakable name={event_type} />
          </Anchor>
          <Text size="xs" c="dimmed" visibleFrom="sm">
            {event_id}
          </Text>
        </Stack>
      ),
    },
    { title: "State", cell: ({ state }) => <StatusChip status={state} /> },
    {
      title: "Last answer",
      from: "sm",
      cell: ({ last_try }) => (last_try ? (last_try.status ?? last_try.error ?? "none") : "–"),
    },
    { title: "Tries", align: "right", from: "sm", cell: ({ attempts }) => attempts },
    { title: "Happened", from: "sm", cell: ({ created_at }) => <When at={created_at} ago /> },
  ];
  return (
    <>
      <Select
        aria-label="State"
        placeholder="Any state"
        data={["pending", "delivered", "failed"].map((value) => ({ value, label: inWords(value) }))}
        value={state}
        onChange={(next) => set({ state: next })}
        clearable
        maw={240}
      />
      <List
        name="webhook_deliveries"
        what="deliveries"
        path={`/v1/webhook-endpoints/${endpoint}/deliveries`}
        filters={["state", "event_type"]}
        columns={columns}
        empty={<Empty title={state ? "No delivery matches" : "Nothing has been sent yet"} />}
      />
      {delivery && <DeliveryDrawer endpoint={endpoint} id={delivery} close={() => set({ delivery: null })} />}
    </>
  );
}
