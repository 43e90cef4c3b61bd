import { Anchor, Button, Chip, Group, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { OverviewAnswer } from "../../contract/answers/overview.ts";
import type { InboundAnswer } from "../../contract/answers/webhooks.ts";
import { read } from "../api/request.ts";
import { useMay } from "../api/session.ts";
import { Breakable } from "../show/breakable.tsx";
import { Empty } from "../show/empty.tsx";
import { useFilters } from "../show/filters.ts";
import { List, type Column } from "../show/list.tsx";
import { Page } from "../show/page.tsx";
import { inWords, StatusChip } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";
import { ReplayDialog } from "./replay-dialog.tsx";
import { STATES } from "./states.ts";

const FILTERS = ["state", "type", "order_id", "event_id", "provider", "received_after", "received_before"];

const COLUMNS: Column<InboundAnswer>[] = [
  {
    title: "Event",
    cell: ({ id, type, event_id }) => (
      <Stack gap={0}>
        <Anchor component={Link} href={`/webhooks/${id}`} fw={600} size="sm">
          <Breakable name={type} />
        </Anchor>
        <Text size="xs" c="dimmed" visibleFrom="sm">
          {event_id}
        </Text>
      </Stack>
    ),
  },
  {
    title: "State",
    cell: ({ state, reason }) => (
      <Stack gap={2} align="flex-start">
        <StatusChip status={state} />
        {reason && (
          <Text size="xs" c="dimmed" lineClamp={2}>
            {reason}
          </Text>
        )}
      </Stack>
    ),
  },
  {
    title: "Order",
    from: "sm",
    cell: ({ order_id }) =>
      order_id ? (
        <Anchor component={Link} href={`/orders/${order_id}`} size="sm">
          …{order_id.slice(-8)}
        </Anchor>
      ) : (
        "–"
      ),
  },
  { title: "Came", from: "sm", cell: ({ received_at }) => <When at={received_at} ago /> },
];

/** What the provider sent, and what became of it. */
export default function WebhooksPage() {
  const isAdmin = useMay("admin");
  const [filters] = useFilters();
  const [replaying, setReplaying] = useState(false);
  const filter = Object.fromEntries(Object.entries(filters).filter(([name]) => FILTERS.includes(name)));
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <Page
      title="Webhooks"
      lead="What the provider sent, newest first, and what became of it."
      actions={
        isAdmin && (
          <Button
            variant="default"
            onClick={() => setReplaying(true)}
            disabled={!isFiltered}
            title={isFiltered ? "" : "Choose a state or another filter first"}
          >
            Replay these
          </Button>
        )
      }
    >
      <Filters />
      <List
        name="inbound_webhooks"
        what="webhooks"
        path="/v1/webhooks/inbox"
        filters={FILTERS}
        columns={COLUMNS}
        href={({ id }) => `/webhooks/${id}`}
        empty={
          <Empty title={isFiltered ? "No webhook matches" : "No webhooks yet"}>
            {isFiltered ? "" : "The provider sends one whenever something happens to a payment."}
          </Empty>
        }
      />
      {replaying && <ReplayDialog filter={filter} close={() => setReplaying(false)} />}
    </Page>
  );
}

function Filters() {
  const [filters, set] = useFilters();
  const { data } = useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => read<OverviewAnswer>("/v1/overview", {}, signal),
  });
  const counts = data?.inbox.by_state ?? {};
  return (
    <Group gap="sm">
      <Chip.Group value={filters["state"] ?? ""} onChange={(state) => set({ state: String(state) })}>
        <Group gap={6} role="group" aria-label="State">
          <Chip value="" size="sm">
            All
          </Chip>
          {STATES.map((state) => (
            <Chip key={state} value={state} size="sm">
              {inWords(state)}
              {counts[state] ? ` ${counts[state]}` : ""}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <Find name="event_id" placeholder="evt_…" label="Event id" />
      <Find name="type" placeholder="payment_intent.succeeded" label="Type" />
      <Find name="order_id" placeholder="ord_…" label="Order id" />
    </Group>
  );
}

function Find({ name, placeholder, label }: { name: string; placeholder: string; label: string }) {
  const [filters, set] = useFilters();
  return (
    <form
      style={{ flex: "1 1 11rem" }}
      key={filters[name]}
      onSubmit={(event) => {
        event.preventDefault();
        const typed = new FormData(event.currentTarget).get(name);
        set({ [name]: typeof typed === "string" ? typed.trim() : null });
      }}
    >
      <TextInput
        name={name}
        aria-label={label}
        placeholder={placeholder}
        defaultValue={filters[name] ?? ""}
        onBlur={(event) => {
          if (event.currentTarget.value.trim() !== (filters[name] ?? ""))
            set({ [name]: event.currentTarget.value.trim() });
        }}
      />
    </form>
  );
}
