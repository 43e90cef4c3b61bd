import { useQuery } from "@tanstack/react-query";
import type { AuditEntry, EntryPage, TrailVerdict } from "../../contract/answers/audit.ts";
import { queries } from "./queries.ts";
import { read } from "./request.ts";

const PAGE = 100;
/** A page shows no longer trail than this; the export has all of it. */
export const MOST_ENTRIES = 1_000;

/**
 * An order's trail with people's words in their places, oldest first. What is there already is not read again: entries do not
 * change, but for an erasure.
 */
export const useTrail = (id: string, erasedAt: string | null) => {
  const queryKey = ["order", id, "trail", erasedAt];
  return useQuery({
    queryKey,
    async queryFn({ signal }) {
      const entries = [...(queries.getQueryData<AuditEntry[]>(queryKey) ?? [])];
      for (;;) {
        const after_seq = entries.at(-1)?.seq ?? -1;
        const page = await read<EntryPage>(
          `/v1/orders/${id}/audit`,
          { limit: PAGE, readable: true, after_seq },
          signal,
        );
        entries.push(...page.data);
        if (!page.has_more || entries.length >= MOST_ENTRIES) return entries;
      }
    },
  });
};

/** Whether the trail is as it was written; asked anew with every entry. */
export const useVerdict = (id: string) =>
  useQuery({
    queryKey: ["order", id, "verdict"],
    queryFn: ({ signal }) => read<TrailVerdict>(`/v1/orders/${id}/audit/verify`, {}, signal),
  });
