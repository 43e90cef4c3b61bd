import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { EventKey } from "../../contract/answers/orders.ts";
import { read } from "../api/request.ts";
import { Card } from "../show/card.tsx";
import { Json } from "../show/json.tsx";
import { Loaded } from "../show/loaded.tsx";

/** What the order has published, as a merchant's code reads it; read when it is looked at, and live from then on. */
export function EventsCard({ id }: { id: string }) {
  const [open, setOpen] = useState(false);
  const events = useQuery({
    queryKey: ["order", id, "events"],
    queryFn: ({ signal }) => read<Partial<Record<EventKey, unknown>>>(`/v1/orders/${id}/events`, {}, signal),
    enabled: open,
  });
  return (
    <Card title="Events">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>What the order has published</summary>
        {open && (
          <Loaded query={events} what="order">
            {(published) => (
              <Stack gap="xs" mt="xs">
                {Object.entries(published).map(([key, value]) => (
                  <Json key={key} value={{ [key]: value }} what={`the event ${key}`} />
                ))}
              </Stack>
            )}
          </Loaded>
        )}
      </details>
    </Card>
  );
}
