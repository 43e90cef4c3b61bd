import { Alert, Anchor, Badge, Button, Group, Stack, Text } from "@mantine/core";
import { IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { useState } from "react";
import type { AuditEntry, TrailVerdict } from "../../contract/answers/audit.ts";
import type { OrderView } from "../../contract/answers/orders.ts";
import { MOST_ENTRIES, useTrail, useVerdict } from "../api/trail.ts";
import { Card } from "../show/card.tsx";
import { Loaded } from "../show/loaded.tsx";
import { TrailEntry } from "./trail-entry.tsx";
import classes from "./trail.module.css";

/** What one sees at first of a long trail. */
const FIRST = 60;

/** What happened, newest first, as it happens, and whether it can be believed. */
export function Trail({ order }: { order: OrderView }) {
  const trail = useTrail(order.id, order.erased_at);
  const verdict = useVerdict(order.id);
  return (
    <Card title="What happened" aside={verdict.data && <Verified verdict={verdict.data} />}>
      {verdict.data?.valid === false && <Broken verdict={verdict.data} />}
      <Loaded query={trail} what="trail">
        {(entries) => <Entries entries={entries} broken={verdict.data?.first_bad_seq} />}
      </Loaded>
      <Group gap="md">
        {["json", "ndjson", "csv"].map((format) => (
          <Anchor
            key={format}
            href={`/v1/orders/${order.id}/audit?format=${format}`}
            download={`${order.id}.${format}`}
            size="sm"
          >
            {format.toUpperCase()}
          </Anchor>
        ))}
      </Group>
    </Card>
  );
}

function Entries({ entries, broken }: { entries: AuditEntry[]; broken: number | undefined }) {
  const [all, setAll] = useState(false);
  const newest = entries.toReversed();
  const shown = all ? newest : newest.slice(0, FIRST);
  return (
    <Stack gap="xs">
      {entries.length >= MOST_ENTRIES && (
        <Text size="sm" c="dimmed">
          The first {MOST_ENTRIES} entries; a download has all of them.
        </Text>
      )}
      <ol className={classes["trail"]} aria-label="Trail, newest first">
        {shown.map((entry) => (
          <TrailEntry key={entry.id} entry={entry} bad={broken !== undefined && entry.seq >= broken} />
        ))}
      </ol>
      {shown.length < newest.length && (
        <Button variant="default" onClick={() => setAll(true)}>
          Show {newest.length - shown.length} older ones
        </Button>
      )}
    </Stack>
  );
}

const Verified = ({ verdict: { valid, entries } }: { verdict: TrailVerdict }) => (
  <Badge
    color={valid ? "countersign" : "red"}
    variant={valid ? "light" : "filled"}
    size="lg"
    radius="sm"
    tt="none"
    leftSection={valid ? <IconShieldCheck size={16} aria-hidden /> : <IconShieldX size={16} aria-hidden />}
  >
    {valid ? `Trail verified, ${entries} entries` : "Trail NOT valid"}
  </Badge>
);

const Broken = ({ verdict: { first_bad_seq, fault, entries, head_hash } }: { verdict: TrailVerdict }) => (
  <Alert
    role="alert"
    color="red"
    icon={<IconShieldX aria-hidden />}
    title={`Do not rely on this trail: entry ${first_bad_seq} is ${fault}`}
  >
    <Text size="sm">
      The {entries} before it are proven, up to hash {head_hash.slice(0, 16)}… Whoever runs the database
      should look at it now.
    </Text>
  </Alert>
);
