import { Button, Group, Switch, Text } from "@mantine/core";
import { useState } from "react";
import type { DelegationAnswer } from "../../contract/answers/approvals.ts";
import { useMay, useSession } from "../api/session.ts";
import { useCommand } from "../api/command.ts";
import { Confirm } from "../show/confirm.tsx";
import { Empty } from "../show/empty.tsx";
import { useFilters } from "../show/filters.ts";
import { List, type Column } from "../show/list.tsx";
import { StatusChip } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";
import { NewDelegation } from "./new-delegation.tsx";

/** Who decides while somebody is away. */
export function Delegations() {
  const mayMake = useMay("finance");
  const [{ ended }, set] = useFilters();
  const [making, setMaking] = useState(false);
  const [taking, setTaking] = useState<DelegationAnswer | null>(null);
  return (
    <>
      <Group justify="space-between" mb="md">
        <Switch
          label="Also those that are over"
          checked={ended === "true"}
          onChange={(event) => set({ ended: event.currentTarget.checked ? "true" : null })}
        />
        {mayMake && <Button onClick={() => setMaking(true)}>New delegation</Button>}
      </Group>
      <List
        name="delegations"
        what="delegations"
        path="/v1/delegations"
        filters={["ended"]}
        columns={[
          ...COLUMNS,
          { title: "", align: "right", cell: (each) => <Take of={each} take={setTaking} /> },
        ]}
        empty={<Empty title="Nobody stands in for anybody">Everybody decides for themselves.</Empty>}
      />
      {making && <NewDelegation close={() => setMaking(false)} />}
      {taking && <TakeBack delegation={taking} close={() => setTaking(null)} />}
    </>
  );
}

const COLUMNS: Column<DelegationAnswer>[] = [
  {
    title: "Who",
    cell: ({ from, to, reason }) => (
      <>
        <Text size="sm">
          <b>{to}</b> for {from}
        </Text>
        <Text size="xs" c="dimmed">
          {reason}
        </Text>
      </>
    ),
  },
  { title: "Status", cell: ({ status }) => <StatusChip status={status} /> },
  { title: "From", from: "sm", cell: ({ starts_at }) => <When at={starts_at} /> },
  { title: "Until", from: "sm", cell: ({ ends_at }) => <When at={ends_at} /> },
];

function Take({ of, take }: { of: DelegationAnswer; take: (delegation: DelegationAnswer) => void }) {
  const { user } = useSession();
  const isAdmin = useMay("admin");
  if (of.status === "ended" || !(isAdmin || of.from.toLowerCase() === user.toLowerCase())) return null;
  return (
    <Button
      variant="subtle"
      color="red"
      size="xs"
      onClick={() => take(of)}
      aria-label={`Take back: ${of.to} for ${of.from}`}
    >
      Take back
    </Button>
  );
}

function TakeBack({
  delegation: { id, from, to },
  close,
}: {
  delegation: DelegationAnswer;
  close: () => void;
}) {
  const take = useCommand({
    method: "DELETE",
    path: `/v1/delegations/${id}`,
    changes: [["delegations"], ["approvals"]],
    said: "The delegation is taken back.",
    done: close,
  });
  return (
    <Confirm
      opened
      close={close}
      title="Take the delegation back"
      action="Take it back"
      danger
      running={take.isPending}
      error={take.error}
      run={() => take.mutate()}
    >
      <Text size="sm">
        Open approvals ask {from} again at once, and {to} no more.
      </Text>
    </Confirm>
  );
}
