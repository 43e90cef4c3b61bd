import { Radio, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { Confirm } from "../../show/confirm.tsx";
import type { DialogProps } from "./dialog.ts";
import { useMessage } from "./message.ts";

/** Decides what becomes of an order that does not fit its payment. */
export function ResolveDialog({ order, opened, close }: DialogProps) {
  const [action, setAction] = useState("");
  const [reason, setReason] = useState("");
  const resolve = useMessage<{ action: string; reason: string }>(
    { order, close },
    "resolve",
    "What was decided is in the trail.",
  );
  return (
    <Confirm
      opened={opened}
      close={close}
      title={`Decide on ${order.reference}`}
      action={action === "give_back" ? "Give the money back" : "Decide"}
      danger={action === "give_back"}
      disabled={action === "" || reason.trim() === ""}
      running={resolve.isPending}
      error={resolve.error}
      run={() => resolve.mutate({ action, reason: reason.trim() })}
    >
      <Text size="sm">It is held because: {order.hold?.reason}</Text>
      <Radio.Group label="What becomes of it" value={action} onChange={setAction} required>
        <Stack gap="xs" mt="xs">
          <Radio value="accept" label="Accept it as it is, and go on" />
          <Radio value="give_back" label="Give the money back, and end it" />
        </Stack>
      </Radio.Group>
      <Textarea
        label="Reason"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        required
        maxLength={500}
        autosize
        minRows={2}
      />
    </Confirm>
  );
}
