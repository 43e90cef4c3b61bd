import { Alert, Button, Modal, MultiSelect, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { EndpointAnswer, EndpointWithSecret } from "../../contract/answers/webhooks.ts";
import type { List } from "../../contract/paging.ts";
import { useCommand } from "../api/command.ts";
import { read } from "../api/request.ts";
import { Confirm } from "../show/confirm.tsx";
import { Copyable } from "../show/copyable.tsx";
import { faultOf } from "../show/trouble.tsx";

/** Makes an endpoint, or changes one. The secret of a new one is shown this once. */
export function EndpointDialog({ endpoint, close }: { endpoint?: EndpointAnswer; close: () => void }) {
  const [draft, setDraft] = useState({
    url: endpoint?.url ?? "",
    description: endpoint?.description ?? "",
    event_types: endpoint?.event_types ?? ["*"],
  });
  const { data: types } = useQuery({
    queryKey: ["event_types"],
    queryFn: ({ signal }) => read<List<{ type: string }>>("/v1/event-types", {}, signal),
  });
  const names = types?.data.map(({ type }) => type) ?? [];
  const objects = [...new Set(names.map((name) => `${name.split(".")[0]}.*`))];
  const put = useCommand<void, EndpointWithSecret>({
    method: endpoint ? "PATCH" : "POST",
    path: endpoint ? `/v1/webhook-endpoints/${endpoint.id}` : "/v1/webhook-endpoints",
    body: () => ({ ...draft, url: draft.url.trim(), description: draft.description.trim() || null }),
    changes: [["webhook_endpoints"], ...(endpoint ? [["webhook_endpoint", endpoint.id]] : [])],
    done: () => endpoint && close(),
  });
  if (put.data?.secret !== undefined) return <Secret secret={put.data.secret} close={close} />;
  return (
    <Confirm
      opened
      close={close}
      title={endpoint ? "Change the endpoint" : "New endpoint"}
      action={endpoint ? "Change it" : "Create it"}
      disabled={draft.url.trim() === "" || draft.event_types.length === 0}
      running={put.isPending}
      error={put.error}
      run={() => put.mutate()}
    >
      <TextInput
        label="URL"
        type="url"
        placeholder="https://shop.example/hooks"
        value={draft.url}
        onChange={(event) => setDraft({ ...draft, url: event.currentTarget.value })}
        error={faultOf(put.error, "url")}
        required
        data-autofocus
      />
      <MultiSelect
        label="Events"
        description="* is every one, order.* all of orders"
        data={["*", ...objects, ...names]}
        value={draft.event_types}
        onChange={(event_types) => setDraft({ ...draft, event_types })}
        error={faultOf(put.error, "event_types")}
        searchable
        required
      />
      <TextInput
        label="Description"
        value={draft.description}
        onChange={(event) => setDraft({ ...draft, description: event.currentTarget.value })}
        error={faultOf(put.error, "description")}
        maxLength={500}
      />
    </Confirm>
  );
}

/** A secret, this once. */
export const Secret = ({ secret, close }: { secret: string; close: () => void }) => (
  <Modal
    opened
    onClose={close}
    title="The endpoint’s secret"
    centered
    closeOnClickOutside={false}
    closeButtonProps={{ "aria-label": "Close" }}
  >
    <Stack gap="md">
      <Alert color="yellow" title="It is shown this once">
        <Text size="sm">Your system checks with it that an event is ours.</Text>
      </Alert>
      <Copyable text={secret} what="the secret" />
      <Button onClick={close}>I have kept it</Button>
    </Stack>
  </Modal>
);
