import { Anchor, Code, Group, Text } from "@mantine/core";
import { Link } from "wouter";
import { entryText } from "../../audit/sentences.ts";
import { toneOf } from "../../audit/tone.ts";
import type { AuditEntry } from "../../contract/answers/audit.ts";
import { useSession } from "../api/session.ts";
import { When } from "../show/when.tsx";
import classes from "./trail.module.css";

/** One entry: a sentence, who did it and when; behind it everything that the entry holds, and what it leads to. */
export function TrailEntry({ entry, bad }: { entry: AuditEntry; bad: boolean }) {
  return (
    <li className={classes[bad ? "bad" : toneOf(entry.type)]} data-seq={entry.seq}>
      <details>
        <summary>
          <Text component="span" size="sm" style={{ overflowWrap: "anywhere" }}>
            {entryText(entry.type, entry.data)}
          </Text>
          <Text component="span" size="xs" c="dimmed" className={classes["by"]}>
            <When at={entry.at} /> · {entry.actor.id}
          </Text>
        </summary>
        <Leads entry={entry} />
        <Code block fz="xs" mt={6} className={classes["data"]} tabIndex={0}>
          {JSON.stringify(entry, null, 2)}
        </Code>
      </details>
    </li>
  );
}

/** The webhook, the approval or the mail behind an entry. */
function Leads({ entry: { data } }: { entry: AuditEntry }) {
  const { mailbox } = useSession();
  const source = typeof data["source"] === "string" ? data["source"] : "";
  const [, event] = /^webhook (\S+)$/.exec(source) ?? [];
  const approval = typeof data["approval_id"] === "string" ? data["approval_id"] : null;
  const to = typeof data["to"] === "string" && data["to"].includes("@") ? data["to"] : null;
  return (
    <Group gap="md" mt={6}>
      {event && (
        <Anchor component={Link} href={`/webhooks?event_id=${event}`} size="sm">
          The webhook behind it
        </Anchor>
      )}
      {approval && (
        <Anchor component={Link} href={`/approvals/${approval}`} size="sm">
          The approval
        </Anchor>
      )}
      {mailbox && to && (
        <Anchor component={Link} href={`/mailbox?to=${encodeURIComponent(to)}`} size="sm">
          Mails to {to}
        </Anchor>
      )}
      {source && !event && (
        <Text size="xs" c="dimmed">
          by {source}
        </Text>
      )}
    </Group>
  );
}
