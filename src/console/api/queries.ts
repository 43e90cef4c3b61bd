import { QueryClient } from "@tanstack/react-query";
import { RefusedError } from "./request.ts";

/**
 * What is read stays shown until it is told to have changed (`changes.ts`), so nothing is asked on a timer or a focus.
 * Every key begins with the object's name as `/v1/changes` tells it: `["order", id, …]`, `["orders", filters]`.
 */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      // What was refused is refused again; what was not answered may be.
      retry: (failures, error) => !(error instanceof RefusedError && error.status < 500) && failures < 2,
    },
    mutations: { retry: false },
  },
});
