import { SimpleGrid, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "../api/command.ts";
import { useMay, useSession } from "../api/session.ts";
import { Confirm } from "../show/confirm.tsx";
import { faultOf } from "../show/trouble.tsx";

const DAY_MS = 86_400_000;

/** As an input of type `datetime-local` has it, in the reader's zone: `2026-11-23T14:00`. */
const local = (at: number): string =>
  new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

const instant = (typed: string): string => (typed === "" ? "" : new Date(typed).toISOString());

/** Says who decides while somebody is away: oneself, or anybody for an admin. */
export function NewDelegation({ close }: { close: () => void }) {
  const { user } = useSession();
  const isAdmin = useMay("admin");
  const [draft, setDraft] = useState(() => ({
    from: user,
    to: "",
    starts: local(Date.now()),
    ends: local(Date.now() + 7 * DAY_MS),
    reason: "",
  }));
  const create = useCommand({
    path: "/v1/delegations",
    body: () => ({
      from: draft.from.trim(),
      to: draft.to.trim(),
      starts_at: instant(draft.starts),
      ends_at: instant(draft.ends),
      reason: draft.reason.trim() || null,
    }),
    changes: [["delegations"], ["approvals"]],
    said: () => `${draft.to.trim()} stands in for ${draft.from.trim()}.`,
    done: close,
  });
  const field = (name: keyof typeof draft, path: string = name) => ({
    value: draft[name],
    onChange: (event: { currentTarget: { value: string } }) =>
      setDraft({ ...draft, [name]: event.currentTarget.value }),
    error: faultOf(create.error, path),
  });
  return (
    <Confirm
      opened
      close={close}
      title="Who stands in"
      action="Delegate"
      disabled={draft.to.trim() === "" || draft.starts === "" || draft.ends === ""}
      running={create.isPending}
      error={create.error}
      run={() => create.mutate()}
    >
      <Text size="sm">Open approvals that ask the one ask the other instead, for as long as this holds.</Text>
      <TextInput label="Who is away" type="email" {...field("from")} required readOnly={!isAdmin} />
      <TextInput label="Who decides meanwhile" type="email" {...field("to")} required data-autofocus />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput label="From" type="datetime-local" {...field("starts", "starts_at")} required />
        <TextInput label="Until" type="datetime-local" {...field("ends", "ends_at")} required />
      </SimpleGrid>
      <TextInput label="Reason" {...field("reason")} maxLength={500} />
    </Confirm>
  );
}
