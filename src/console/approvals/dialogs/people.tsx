import { Select, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "../../api/command.ts";
import { Confirm } from "../../show/confirm.tsx";
import { faultOf } from "../../show/trouble.tsx";
import { changesOf, type DialogProps } from "./dialog.ts";

/** Reminds everybody who has not decided. */
export function RemindDialog({ approval, opened, close }: DialogProps) {
  const remind = useCommand({
    path: `/v1/approvals/${approval.id}/remind`,
    changes: changesOf(approval),
    said: "The reminder is on its way.",
    done: close,
  });
  return (
    <Confirm
      {...{ opened, close }}
      title="Remind them"
      action="Send the reminder"
      running={remind.isPending}
      error={remind.error}
      run={() => remind.mutate()}
    >
      <Text size="sm">A mail goes to {approval.waiting_for.join(", ")}.</Text>
    </Confirm>
  );
}

/** Mails somebody's link again: the same one, to the address on file. */
export function ResendDialog({ approval, opened, close }: DialogProps) {
  const [approver, setApprover] = useState<string | null>(approval.waiting_for[0] ?? null);
  const resend = useCommand({
    path: `/v1/approvals/${approval.id}/resend`,
    body: () => ({ approver }),
    changes: changesOf(approval),
    said: "The link is on its way.",
    done: close,
  });
  return (
    <Confirm
      {...{ opened, close }}
      title="Send a link again"
      action="Send it"
      disabled={approver === null}
      running={resend.isPending}
      error={resend.error}
      run={() => resend.mutate()}
    >
      <Select
        label="To"
        data={approval.waiting_for}
        value={approver}
        onChange={setApprover}
        allowDeselect={false}
      />
    </Confirm>
  );
}

/** Gives somebody's place to somebody else. */
export function ReassignDialog({ approval, opened, close }: DialogProps) {
  const [from, setFrom] = useState<string | null>(approval.waiting_for[0] ?? null);
  const [to, setTo] = useState("");
  const reassign = useCommand({
    path: `/v1/approvals/${approval.id}/reassign`,
    body: () => ({ from, to: to.trim() }),
    changes: changesOf(approval),
    said: () => `${to.trim()} is asked instead.`,
    done: close,
  });
  return (
    <Confirm
      {...{ opened, close }}
      title="Ask somebody else"
      action="Reassign"
      disabled={from === null || to.trim() === ""}
      running={reassign.isPending}
      error={reassign.error}
      run={() => reassign.mutate()}
    >
      <Select
        label="Instead of"
        data={approval.waiting_for}
        value={from}
        onChange={setFrom}
        allowDeselect={false}
      />
      <TextInput
        label="Ask"
        type="email"
        value={to}
        onChange={(event) => setTo(event.currentTarget.value)}
        error={faultOf(reassign.error, "to")}
        required
        data-autofocus
      />
      <Text size="sm">The link of the former says so, and decides nothing.</Text>
    </Confirm>
  );
}

/** Takes somebody's place away. */
export function RevokeDialog({ approval, opened, close }: DialogProps) {
  const [approver, setApprover] = useState<string | null>(approval.waiting_for[0] ?? null);
  const revoke = useCommand({
    path: `/v1/approvals/${approval.id}/revoke`,
    body: () => ({ approver }),
    changes: changesOf(approval),
    said: "The link decides nothing any more.",
    done: close,
  });
  return (
    <Confirm
      {...{ opened, close }}
      title="Take somebody’s place away"
      action="Revoke"
      danger
      disabled={approver === null}
      running={revoke.isPending}
      error={revoke.error}
      run={() => revoke.mutate()}
    >
      <Select
        label="Whose"
        data={approval.waiting_for}
        value={approver}
        onChange={setApprover}
        allowDeselect={false}
      />
      <Text size="sm">
        As many have to approve as before; when too few people are left, others are asked.
      </Text>
    </Confirm>
  );
}
