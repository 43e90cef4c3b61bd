import { List, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ReplayAnswer } from "../../contract/answers/webhooks.ts";
import { queries } from "../api/queries.ts";
import { send } from "../api/request.ts";
import { Confirm } from "../show/confirm.tsx";
import { Loaded } from "../show/loaded.tsx";
import { inWords } from "../show/status-chip.tsx";

const PATH = "/v1/webhooks/inbox/replay";

const counted = (states: Record<string, number>) => (
  <List size="sm">
    {Object.entries(states).map(([state, count]) => (
      <List.Item key={state}>
        {inWords(state)}: {count}
      </List.Item>
    ))}
  </List>
);

/** Takes in once more all that match: first it says how many they are, then it does it, call by call. */
export function ReplayDialog({ filter, close }: { filter: Record<string, string>; close: () => void }) {
  const [done, setDone] = useState<{ replayed: number; states: Record<string, number> } | null>(null);
  const dry = useQuery({
    queryKey: ["replay", filter],
    queryFn: () => send<ReplayAnswer>("POST", PATH, { filter, dry_run: true }),
    staleTime: 0,
    gcTime: 0,
  });
  const replay = useMutation({
    async mutationFn() {
      const states: Record<string, number> = {};
      let replayed = 0;
      for (let cursor: string | null | undefined; cursor !== null;) {
        const answer: ReplayAnswer = await send("POST", PATH, { filter, ...(cursor ? { cursor } : {}) });
        replayed += answer.replayed;
        for (const [state, count] of Object.entries(answer.states))
          states[state] = (states[state] ?? 0) + count;
        setDone({ replayed, states: { ...states } });
        cursor = answer.next_cursor;
      }
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: ["inbound_webhooks"] }),
  });
  return (
    <Confirm
      opened
      close={close}
      title="Replay webhooks"
      action={replay.isSuccess ? "Done" : `Replay ${dry.data?.matched ?? ""}`}
      disabled={dry.data === undefined || dry.data.matched === 0}
      running={replay.isPending}
      error={replay.error}
      run={() => (replay.isSuccess ? close() : replay.mutate())}
    >
      <Loaded query={dry} what="dry run">
        {({ matched }) => (
          <Text size="sm">
            Dry run: {matched} {matched === 1 ? "webhook matches" : "webhooks match"}. Replayed, they are
            taken in as if they came now; an order that knows one already does not change.
          </Text>
        )}
      </Loaded>
      {done && (
        <div role="status">
          <Text size="sm" fw={600}>
            {done.replayed} replayed
          </Text>
          {counted(done.states)}
        </div>
      )}
    </Confirm>
  );
}
