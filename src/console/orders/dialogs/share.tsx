import { Alert, Button, Modal, Stack, Text } from "@mantine/core";
import type { TimelineLink } from "../../../contract/answers/orders.ts";
import { useCommand } from "../../api/command.ts";
import { Copyable } from "../../show/copyable.tsx";
import { Trouble } from "../../show/trouble.tsx";
import { When } from "../../show/when.tsx";
import type { DialogProps } from "./dialog.ts";

const HOUR_S = 3_600;

/** Makes a link to this order's timeline for somebody who cannot sign in. */
export function ShareDialog({ order, opened, close }: DialogProps) {
  const share = useCommand<void, TimelineLink>({
    path: `/v1/orders/${order.id}/timeline-link`,
    body: () => ({ expires_in: HOUR_S }),
    changes: [],
  });
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={`Share the timeline of ${order.reference}`}
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="md">
        <Text size="sm">
          Whoever has the link sees this order’s trail live for an hour, without signing in, and nothing else.
        </Text>
        {share.error && <Trouble error={share.error} />}
        {share.data ? (
          <Alert color="countersign" title="The link">
            <Copyable text={share.data.url} what="the link" />
            <Text size="sm" mt="xs">
              Good until <When at={share.data.expires_at} />.
            </Text>
          </Alert>
        ) : (
          <Button onClick={() => share.mutate()} loading={share.isPending}>
            Make the link
          </Button>
        )}
      </Stack>
    </Modal>
  );
}
