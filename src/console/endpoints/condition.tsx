import { Stack, Text } from "@mantine/core";
import type { EndpointAnswer } from "../../contract/answers/webhooks.ts";
import { StatusChip } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";

const BECAUSE: Record<string, string> = {
  manual: "switched off by hand",
  gone: "it answered 410",
  failing: "nothing but failures for five days",
};

/** Whether an endpoint takes what it is sent. */
export const Condition = ({ endpoint }: { endpoint: EndpointAnswer }) => (
  <Stack gap={2} align="flex-start">
    <StatusChip status={!endpoint.enabled ? "disabled" : endpoint.failing_since ? "failing" : "enabled"} />
    {endpoint.disabled_reason && (
      <Text size="xs" c="dimmed">
        {BECAUSE[endpoint.disabled_reason] ?? endpoint.disabled_reason}
      </Text>
    )}
    {endpoint.enabled && endpoint.failing_since && (
      <Text size="xs" c="dimmed">
        since <When at={endpoint.failing_since} ago />
      </Text>
    )}
  </Stack>
);
