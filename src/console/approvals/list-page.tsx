import { Anchor, Select, Tabs } from "@mantine/core";
import { useSession } from "../api/session.ts";
import { Delegations } from "../delegations/delegations.tsx";
import { Empty } from "../show/empty.tsx";
import { useFilters } from "../show/filters.ts";
import { List } from "../show/list.tsx";
import { Page } from "../show/page.tsx";
import { inWords } from "../show/status-chip.tsx";
import { COLUMNS } from "./columns.tsx";

const STATUSES = ["pending", "approved", "rejected", "changes_requested", "expired", "withdrawn"];

/** What waits for whoever is signed in, every approval, and who stands in for whom. */
export default function ApprovalsPage() {
  const [{ view = "mine" }, set] = useFilters();
  return (
    <Page title="Approvals">
      <Tabs
        value={view}
        onChange={(next) => set({ view: next === "mine" ? null : next, status: null })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="mine">Waiting for me</Tabs.Tab>
          <Tabs.Tab value="all">All</Tabs.Tab>
          <Tabs.Tab value="delegations">Delegations</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="mine">
          <Mine />
        </Tabs.Panel>
        <Tabs.Panel value="all">
          <All />
        </Tabs.Panel>
        <Tabs.Panel value="delegations">
          <Delegations />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Mine() {
  const { user } = useSession();
  const [, set] = useFilters();
  return (
    <List
      name="approvals"
      what="approvals that wait for you"
      path="/v1/approvals"
      query={{ status: "pending", waiting_for: user }}
      columns={COLUMNS}
      href={({ id }) => `/approvals/${id}`}
      empty={
        <Empty title="Nothing waits for you">
          You are {user}.{" "}
          <Anchor component="button" size="sm" onClick={() => set({ view: "all", status: "pending" })}>
            See what waits for others
          </Anchor>
        </Empty>
      }
    />
  );
}

function All() {
  const [{ status = null, order_id }, set] = useFilters();
  return (
    <>
      <Select
        aria-label="Status"
        placeholder="Any status"
        data={STATUSES.map((value) => ({ value, label: inWords(value) }))}
        value={status}
        onChange={(next) => set({ status: next })}
        clearable
        maw={260}
        mb="md"
      />
      <List
        name="approvals"
        what="approvals"
        path="/v1/approvals"
        filters={["status", "order_id"]}
        columns={COLUMNS}
        href={({ id }) => `/approvals/${id}`}
        empty={
          <Empty title={status || order_id ? "No approval matches" : "Nothing has been asked yet"}>
            {status || order_id ? (
              <Anchor component="button" size="sm" onClick={() => set({ status: null, order_id: null })}>
                Show all
              </Anchor>
            ) : (
              "An order over the policy’s amounts opens one once it is paid."
            )}
          </Empty>
        }
      />
    </>
  );
}
