import { Button, Group, Modal, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { Trouble } from "./trouble.tsx";

interface ConfirmProps {
  opened: boolean;
  close: () => void;
  title: string;
  /** What is going to happen, in a sentence, and fields if there are any. */
  children: ReactNode;
  /** On the button that does it, such as `Refund 12.50 USD`. */
  action: string;
  /** It cannot be taken back, or it moves money out. */
  danger?: boolean;
  disabled?: boolean;
  running: boolean;
  error: Error | null;
  run: () => void;
}

/** Asks before something is done. Stays open with what went wrong when it was not. */
export const Confirm = ({
  opened,
  close,
  title,
  children,
  action,
  danger = false,
  ...doing
}: ConfirmProps) => (
  <Modal opened={opened} onClose={close} title={title} centered closeButtonProps={{ "aria-label": "Close" }}>
    <form
      onSubmit={(event) => {
        event.preventDefault();
        doing.run();
      }}
    >
      <Stack gap="md">
        {children}
        {doing.error && <Trouble error={doing.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Leave it
          </Button>
          <Button
            type="submit"
            color={danger ? "red" : "countersign"}
            loading={doing.running}
            disabled={doing.disabled ?? false}
          >
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  </Modal>
);
