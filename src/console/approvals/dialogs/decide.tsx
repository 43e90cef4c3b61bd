import { Text, Textarea } from "@mantine/core";
import { useState } from "react";
import type { ApprovalAnswer, Decision } from "../../../contract/answers/approvals.ts";
import { formatMoney } from "../../../domain/money.ts";
import { useCommand } from "../../api/command.ts";
import { useSession } from "../../api/session.ts";
import { minorOf } from "../../show/amount.ts";
import { AmountInput } from "../../show/amount-input.tsx";
import { Confirm } from "../../show/confirm.tsx";
import { changesOf, isAsked, type DialogProps } from "./dialog.ts";

export const WORDS: Record<Decision, { title: string; action: string; said: string }> = {
  approve: { title: "Approve", action: "Approve", said: "Approved." },
  reject: { title: "Reject", action: "Reject", said: "Rejected." },
  request_changes: { title: "Request changes", action: "Request changes", said: "Changes are requested." },
};

const nameOf = ({ subject: { amount, currency, reference } }: ApprovalAnswer): string =>
  amount !== null && currency !== null ? `${formatMoney({ amount, currency })} for ${reference}` : reference;

/** One decision, on what is shown and at the gate that is shown: when either has changed meanwhile, it does not count. */
export function DecideDialog({ approval, opened, close, decision }: DialogProps & { decision: Decision }) {
  const { user } = useSession();
  const [comment, setComment] = useState("");
  const [typed, setTyped] = useState("");
  const { subject, gates, gate, content_hash } = approval;
  const { amount, currency } = subject;
  const confirms = decision === "approve" && gates.some((each) => each.name === gate && each.confirm_amount);
  const decide = useCommand({
    path: `/v1/approvals/${approval.id}/decisions`,
    body: () => ({
      decision,
      comment: comment.trim() || null,
      content_hash,
      ...(gate === null ? {} : { gate }),
    }),
    changes: changesOf(approval),
    said: WORDS[decision].said,
    done: close,
  });
  return (
    <Confirm
      opened={opened}
      close={close}
      title={`${WORDS[decision].title}: ${nameOf(approval)}`}
      action={WORDS[decision].action}
      danger={decision === "reject"}
      disabled={
        (confirms && currency !== null && minorOf(typed, currency) !== amount) ||
        (decision !== "approve" && comment.trim() === "")
      }
      running={decide.isPending}
      error={decide.error}
      run={() => decide.mutate()}
    >
      {!isAsked(approval, user) && (
        <Text size="sm" fw={600}>
          The policy does not ask you here. You decide in somebody’s place, and the trail says so.
        </Text>
      )}
      {subject.requested_by && <Text size="sm">{subject.requested_by} asks for it.</Text>}
      {confirms && currency !== null && amount !== null && (
        <AmountInput
          label="Type the amount to approve"
          currency={currency}
          value={typed}
          onChange={setTyped}
          required
        />
      )}
      <Textarea
        label={decision === "approve" ? "Comment" : "Reason"}
        description="It stands in the trail, and whoever asked reads it."
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
        required={decision !== "approve"}
        maxLength={2_000}
        autosize
        minRows={2}
        data-autofocus
      />
    </Confirm>
  );
}
