import { Button, Drawer, Stack, Text, Timeline } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { WholeDelivery } from "../../contract/answers/webhooks.ts";
import { useCommand } from "../api/command.ts";
import { read } from "../api/request.ts";
import { useMay } from "../api/session.ts";
import { Facts } from "../show/facts.tsx";
import { Json } from "../show/json.tsx";
import { Loaded } from "../show/loaded.tsx";
import { StatusChip } from "../show/status-chip.tsx";
import { Trouble } from "../show/trouble.tsx";
import { When } from "../show/when.tsx";

/** One event on its way to one endpoint: every try, and what is posted. */
export function DeliveryDrawer({ endpoint, id, close }: { endpoint: string; id: string; close: () => void }) {
  const path = `/v1/webhook-endpoints/${endpoint}/deliveries/${id}`;
  const query = useQuery({
    queryKey: ["webhook_delivery", id],
    queryFn: ({ signal }) => read<WholeDelivery>(path, {}, signal),
  });
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size="lg"
      title={query.data?.event_type ?? "Delivery"}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Loaded query={query} what="delivery">
        {(delivery) => <Shown delivery={delivery} path={path} />}
      </Loaded>
    </Drawer>
  );
}

function Shown({ delivery, path }: { delivery: WholeDelivery; path: string }) {
  const { id, state, tries, next_try_at, ended_at, event_id, created_at, payload } = delivery;
  const maySend = useMay("support");
  const again = useCommand({
    path: `${path}/retry`,
    changes: [["webhook_delivery", id], ["webhook_deliveries"]],
    said: "It is sent again.",
  });
  return (
    <Stack gap="md">
      <Facts
        of={{
          State: <StatusChip status={state} size="sm" />,
          Event: event_id,
          Happened: <When at={created_at} />,
          "Next try": next_try_at && <When at={next_try_at} ago />,
          Ended: ended_at && <When at={ended_at} />,
        }}
      />
      {again.error && <Trouble error={again.error} />}
      {maySend && (
        <Button
          variant="default"
          onClick={() => again.mutate()}
          loading={again.isPending}
          style={{ alignSelf: "flex-start" }}
        >
          Send it again now
        </Button>
      )}
      <Timeline bulletSize={14} lineWidth={2} active={tries.length}>
        {tries.map(({ at, status, error, response, duration_ms }) => (
          <Timeline.Item key={at} title={status === null ? "No answer" : `Answered ${status}`}>
            <Text size="sm" c="dimmed">
              <When at={at} /> · {duration_ms} ms{error ? ` · ${error}` : ""}
            </Text>
            {response && <Text size="sm">“{response}”</Text>}
          </Timeline.Item>
        ))}
      </Timeline>
      <Json value={payload} what="what is posted" />
    </Stack>
  );
}
