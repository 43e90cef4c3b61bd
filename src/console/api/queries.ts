import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { RefusedError } from "./request.ts";

/** Asks anew who is signed in when a request was refused as nobody's: the session has ended. */
const onError = (error: Error): void => {
  if (error instanceof RefusedError && error.status === 401)
    void queries.invalidateQueries({ queryKey: ["session"] });
};

/**
 * What is read stays shown until it is told to have changed (`changes.ts`), so nothing is asked on a timer or a focus.
 * Every key begins with the object's name as `/v1/changes` tells it: `["order", id, …]`, `["orders", filters]`.
 */
export const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
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
