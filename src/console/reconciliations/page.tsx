import { Accordion, Alert, Anchor, Button, Group, Stack, Table, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { ReconciliationAnswer } from "../../contract/answers/reconciliations.ts";
import type { List } from "../../contract/paging.ts";
import { formatMoney } from "../../domain/money.ts";
import { useCommand } from "../api/command.ts";
import { read } from "../api/request.ts";
import { useMay } from "../api/session.ts";
import { Confirm } from "../show/confirm.tsx";
import { Empty } from "../show/empty.tsx";
import { useFilters } from "../show/filters.ts";
import { Loaded } from "../show/loaded.tsx";
import { Page } from "../show/page.tsx";
import { inWords, StatusChip } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";

/** While one runs it is looked at again after this time: no change of it is told. */
const RUNNING_MS = 1_500;

/** Our books beside the provider's. */
export default function ReconciliationsPage() {
  const mayRead = useMay("support");
  return (
    <Page
      title="Reconciliation"
      lead="Each night, and whenever somebody asks, open and recent orders are compared with what the provider says of them."
      actions={mayRead && <Start />}
    >
      {mayRead ? <Runs /> : <Empty title="Your role does not see reconciliations">Role support does.</Empty>}
    </Page>
  );
}

function Runs() {
  const [{ run = null, cursor }, set] = useFilters();
  const query = useQuery({
    queryKey: ["reconciliations", cursor],
    queryFn: ({ signal }) =>
      read<List<ReconciliationAnswer>>("/v1/reconciliations", { limit: 20, cursor }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      state.data?.data.some(({ status }) => status === "running") ? RUNNING_MS : false,
  });
  return (
    <Loaded query={query} what="reconciliations">
      {({ data, has_more, next_cursor }) =>
        data.length === 0 ? (
          <Empty title="Nothing has been compared yet">The first comparison is made tonight.</Empty>
        ) : (
          <Stack gap="md">
            <Accordion variant="contained" value={run} onChange={(id) => set({ run: id })}>
              {data.map((each) => (
                <Accordion.Item key={each.id} value={each.id}>
                  <Accordion.Control>
                    <Summary run={each} />
                  </Accordion.Control>
                  <Accordion.Panel>
                    <Differences run={each} />
                  </Accordion.Panel>
                </Accordion.Item>
              ))}
            </Accordion>
            {has_more && (
              <Button variant="default" onClick={() => set({ cursor: next_cursor, run: null })}>
                Older ones
              </Button>
            )}
          </Stack>
        )
      }
    </Loaded>
  );
}

const Summary = ({
  run: { status, started_by, started_at, checked, differences },
}: {
  run: ReconciliationAnswer;
}) => (
  <Group justify="space-between" gap="xs">
    <Group gap="sm">
      <StatusChip status={status} />
      <Text size="sm" fw={600}>
        {checked} {checked === 1 ? "order" : "orders"},{" "}
        {differences.length === 0 ? "all agree" : `${differences.length} differ`}
      </Text>
    </Group>
    <Text size="sm" c="dimmed">
      {started_by} · <When at={started_at} />
    </Text>
  </Group>
);

function Differences({ run: { failure, differences, since, finished_at } }: { run: ReconciliationAnswer }) {
  return (
    <Stack gap="sm">
      {failure && (
        <Alert color="red" title="It could not be finished">
          {failure}
        </Alert>
      )}
      <Text size="sm" c="dimmed">
        Orders that changed since <When at={since} />
        {finished_at && (
          <>
            , finished <When at={finished_at} />
          </>
        )}
        .
      </Text>
      {differences.length > 0 && (
        <Table.ScrollContainer minWidth={0} type="native">
          <Table aria-label="Differences">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Order</Table.Th>
                <Table.Th>What</Table.Th>
                <Table.Th ta="right">Ours</Table.Th>
                <Table.Th ta="right">Provider’s</Table.Th>
                <Table.Th>Now</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {differences.map(({ order_id, reference, field, ours, provider, currency, repaired }) => (
                <Table.Tr key={order_id + field}>
                  <Table.Td>
                    <Anchor component={Link} href={`/orders/${order_id}`} size="sm">
                      {reference}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>{inWords(field)}</Table.Td>
                  <Table.Td ta="right">{shown(ours, currency)}</Table.Td>
                  <Table.Td ta="right">{shown(provider, currency)}</Table.Td>
                  <Table.Td>{repaired ? "mended" : "look at it"}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
}

const shown = (value: number | string | null, currency: string): string =>
  typeof value === "number" ? formatMoney({ amount: value, currency }) : (value ?? "none");

function Start() {
  const mayStart = useMay("finance");
  const [opened, setOpened] = useState(false);
  const start = useCommand<void, ReconciliationAnswer>({
    path: "/v1/reconciliations",
    body: () => ({}),
    changes: [["reconciliations"]],
    said: "The comparison has begun.",
    done: () => setOpened(false),
  });
  if (!mayStart) return null;
  return (
    <>
      <Button onClick={() => setOpened(true)}>Compare now</Button>
      <Confirm
        opened={opened}
        close={() => setOpened(false)}
        title="Compare with the provider"
        action="Compare"
        running={start.isPending}
        error={start.error}
        run={() => start.mutate()}
      >
        <Text size="sm">
          The provider is asked about every open and recent order. One that differs is told what the provider
          says, as if a webhook had come.
        </Text>
      </Confirm>
    </>
  );
}
