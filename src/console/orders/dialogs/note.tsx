import { Textarea } from "@mantine/core";
import { useState } from "react";
import { Confirm } from "../../show/confirm.tsx";
import type { DialogProps } from "./dialog.ts";
import { useMessage } from "./message.ts";

/** Leaves a note in the trail. */
export function NoteDialog({ order, opened, close }: DialogProps) {
  const [text, setText] = useState("");
  const note = useMessage<{ text: string }>({ order, close }, "note", "The note is in the trail.");
  return (
    <Confirm
      opened={opened}
      close={close}
      title={`A note on ${order.reference}`}
      action="Leave the note"
      disabled={text.trim() === ""}
      running={note.isPending}
      error={note.error}
      run={() => note.mutate({ text: text.trim() })}
    >
      <Textarea
        label="Note"
        description="It stays in the trail for good, with your name."
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        required
        maxLength={5_000}
        autosize
        minRows={3}
        data-autofocus
      />
    </Confirm>
  );
}
