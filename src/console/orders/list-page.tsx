import { Anchor, Button, Group, Progress, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import type { OrderView } from "../../contract/answers/orders.ts";
import { useMay } from "../api/session.ts";
import { Amount } from "../show/amount.tsx";
import { Empty } from "../show/empty.tsx";
import { useFilters } from "../show/filters.ts";
import { List, type Column } from "../show/list.tsx";
import { Page } from "../show/page.tsx";
import { inWords, StatusChip, toneOf } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";
import { STATUSES } from "./statuses.ts";

const COLUMNS: Column<OrderView>[] = [
  {
    title: "Order",
    cell: (order) => (
      <Stack gap={0}>
        <Anchor component={Link} href={`/orders/${order.id}`} fw={600} size="sm">
          {order.reference}
        </Anchor>
        <Text size="xs" hiddenFrom="sm">
          <Amount {...order} />
        </Text>
        <Text size="xs" c="dimmed" lineClamp={1}>
          {order.customer.name ?? order.customer.email ?? order.description ?? order.id}
        </Text>
      </Stack>
    ),
  },
  {
    title: "Status",
    cell: (order) => (
      <Stack gap={4} miw={110} maw={170}>
        <StatusChip status={order.status} />
        {order.result === null && (
          <Progress value={order.progress} size={3} color={toneOf(order.status)} aria-label="Progress" />
        )}
      </Stack>
    ),
  },
  { title: "Amount", align: "right", from: "sm", cell: (order) => <Amount {...order} /> },
  { title: "Changed", from: "sm", cell: (order) => <When at={order.updated_at} ago /> },
  { title: "Created", from: "md", cell: (order) => <When at={order.created_at} /> },
];

/** Every order, newest first, live. */
export default function OrdersPage() {
  const mayCreate = useMay("admin");
  return (
    <Page
      title="Orders"
      actions={
        mayCreate && (
          <Button component={Link} href="/orders/new" leftSection={<IconPlus size={16} />}>
            New order
          </Button>
        )
      }
    >
      <Filters />
      <List
        name="orders"
        what="orders"
        path="/v1/orders"
        filters={["search", "status", "reference", "created_after"]}
        columns={COLUMNS}
        href={({ id }) => `/orders/${id}`}
        empty={<NoOrders />}
      />
    </Page>
  );
}

function Filters() {
  const [filters, set] = useFilters();
  const [search, setSearch] = useState(filters["search"] ?? "");
  const look = useDebouncedCallback((text: string) => set({ search: text.trim() }), 250);
  return (
    <Group gap="sm" role="search">
      <TextInput
        aria-label="Search orders"
        placeholder="Id, reference, or customer"
        leftSection={<IconSearch size={16} />}
        value={search}
        onChange={(event) => {
          setSearch(event.currentTarget.value);
          look(event.currentTarget.value);
        }}
        style={{ flex: "3 1 16rem" }}
      />
      <Select
        aria-label="Status"
        placeholder="Any status"
        data={STATUSES.map((status) => ({ value: status, label: inWords(status) }))}
        value={filters["status"] ?? null}
        onChange={(status) => set({ status })}
        clearable
        style={{ flex: "1 1 12rem" }}
      />
    </Group>
  );
}

function NoOrders() {
  const [{ search, status }, set] = useFilters();
  const mayCreate = useMay("admin");
  if (search || status)
    return (
      <Empty title="No order matches">
        <Anchor component="button" size="sm" onClick={() => set({ search: null, status: null })}>
          Show all orders
        </Anchor>
      </Empty>
    );
  return (
    <Empty title="No orders yet">
      {mayCreate ? (
        <Anchor component={Link} href="/orders/new" size="sm">
          Create the first one
        </Anchor>
      ) : (
        "They appear here as soon as the API creates them."
      )}
    </Empty>
  );
}
