import { Skeleton, Stack } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { RefusedError } from "../api/request.ts";
import { Empty } from "./empty.tsx";
import { Trouble } from "./trouble.tsx";

/** What was read, or in its place that it is on its way, does not exist, or could not be read. */
export function Loaded<T>({
  query,
  what,
  children,
}: {
  query: UseQueryResult<T>;
  /** `order`, for messages. */
  what: string;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error instanceof RefusedError && query.error.status === 404)
    return <Empty title={`There is no such ${what}`}>Look at its id; it may be another tenant’s.</Empty>;
  if (query.error) return <Trouble error={query.error} again={() => void query.refetch()} />;
  return (
    <Stack gap="sm" aria-busy="true" aria-label={`Loading the ${what}`} role="status">
      {[28, 120, 120].map((height, index) => (
        <Skeleton key={index} height={height} />
      ))}
    </Stack>
  );
}
