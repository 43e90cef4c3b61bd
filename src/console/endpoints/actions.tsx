import { ActionIcon, Button, Menu, Text } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";
import type { EndpointAnswer, EndpointWithSecret, WholeDelivery } from "../../contract/answers/webhooks.ts";
import { useCommand } from "../api/command.ts";
import { useMay } from "../api/session.ts";
import { useFilters } from "../show/filters.ts";
import { Confirm } from "../show/confirm.tsx";
import { EndpointDialog, Secret } from "./endpoint-dialog.tsx";

type Asking = "change" | "rotate" | "toggle" | "delete";

/** What can be done with an endpoint. */
export function Actions({ endpoint }: { endpoint: EndpointAnswer }) {
  const isAdmin = useMay("admin");
  const maySend = useMay("support");
  const [asking, setAsking] = useState<Asking | null>(null);
  const [, setFilters] = useFilters();
  const path = `/v1/webhook-endpoints/${endpoint.id}`;
  const ping = useCommand<void, WholeDelivery>({
    path: `${path}/ping`,
    changes: [["webhook_deliveries"]],
    said: "A test event is on its way.",
    done: ({ id }) => setFilters({ delivery: id }),
  });
  const close = () => setAsking(null);
  return (
    <>
      {maySend && endpoint.enabled && (
        <Button variant="default" onClick={() => ping.mutate()} loading={ping.isPending}>
          Send a test
        </Button>
      )}
      {isAdmin && (
        <>
          <Button variant="default" onClick={() => setAsking("change")}>
            Change
          </Button>
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="default" size={36} aria-label="More actions">
                <IconDots size={18} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setAsking("toggle")}>
                {endpoint.enabled ? "Switch off" : "Switch on"}
              </Menu.Item>
              <Menu.Item onClick={() => setAsking("rotate")}>New secret</Menu.Item>
              <Menu.Item onClick={() => setAsking("delete")} c="var(--mantine-color-error)">
                Delete
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      )}
      {asking === "change" && <EndpointDialog endpoint={endpoint} close={close} />}
      {asking === "rotate" && <Rotate path={path} close={close} />}
      {asking === "toggle" && <Toggle endpoint={endpoint} path={path} close={close} />}
      {asking === "delete" && <Delete path={path} close={close} />}
    </>
  );
}

interface DialogProps {
  path: string;
  close: () => void;
}

function Rotate({ path, close }: DialogProps) {
  const rotate = useCommand<void, EndpointWithSecret>({
    path: `${path}/rotate-secret`,
    body: () => ({}),
    changes: [["webhook_endpoint"], ["webhook_endpoints"]],
  });
  if (rotate.data) return <Secret secret={rotate.data.secret} close={close} />;
  return (
    <Confirm
      opened
      close={close}
      title="A new secret"
      action="Make it"
      running={rotate.isPending}
      error={rotate.error}
      run={() => rotate.mutate()}
    >
      <Text size="sm">The one so far signs beside it for a day, so that your system can change over.</Text>
    </Confirm>
  );
}

function Toggle({ endpoint: { enabled }, path, close }: DialogProps & { endpoint: EndpointAnswer }) {
  const toggle = useCommand({
    method: "PATCH",
    path,
    body: () => ({ enabled: !enabled }),
    changes: [["webhook_endpoint"], ["webhook_endpoints"]],
    said: enabled ? "It is off." : "It is on.",
    done: close,
  });
  return (
    <Confirm
      opened
      close={close}
      title={enabled ? "Switch it off" : "Switch it on"}
      action={enabled ? "Switch off" : "Switch on"}
      danger={enabled}
      running={toggle.isPending}
      error={toggle.error}
      run={() => toggle.mutate()}
    >
      <Text size="sm">
        {enabled
          ? "While it is off nothing new is kept for it; what waits goes out once it is on again."
          : "What waited goes out now. What happened while it was off is not sent."}
      </Text>
    </Confirm>
  );
}

function Delete({ path, close }: DialogProps) {
  const [, navigate] = useLocation();
  const remove = useCommand({
    method: "DELETE",
    path,
    changes: [["webhook_endpoints"]],
    said: "The endpoint is deleted.",
    done: () => navigate("/endpoints"),
  });
  return (
    <Confirm
      opened
      close={close}
      title="Delete the endpoint"
      action="Delete it"
      danger
      running={remove.isPending}
      error={remove.error}
      run={() => remove.mutate()}
    >
      <Text size="sm">What is on its way to it is not sent any more.</Text>
    </Confirm>
  );
}
