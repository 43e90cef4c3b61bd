import { useEffect, useState } from "react";
import type { ChangeAnswer } from "../../contract/answers/changes.ts";
import { queries } from "./queries.ts";

/** What is told within this time is read anew in one go. */
const GATHER_MS = 150;
/** A list is read anew at most this often while it changes all the time. */
const LIST_MS = 1_500;
/** How old the overview may be that the service answers, and a little more. */
const OVERVIEW_MS = 2_200;

/** After an error answer the browser does not try again by itself. */
const AGAIN_MS = 2_000;
/** Who only looks something up in another window comes back sooner. */
const HIDDEN_MS = 20_000;

export type Connection = "live" | "connecting" | "offline";

/** Lists and figures that show objects of a kind. */
const LISTS: Record<ChangeAnswer["object"], string[]> = {
  order: ["orders", "overview"],
  approval: ["approvals", "overview"],
  inbound_webhook: ["inbound_webhooks", "overview"],
  webhook_delivery: ["webhook_deliveries", "webhook_endpoint", "webhook_endpoints", "overview"],
};

/** Follows `/v1/changes`: what is shown and has changed is read anew. After an interruption all of it is. */
export function useChanges(): Connection {
  const [connection, setConnection] = useState<Connection>("connecting");
  useEffect(() => follow(setConnection), []);
  return connection;
}

/** @returns what ends it */
function follow(tell: (connection: Connection) => void): () => void {
  const told = gather();
  let source: EventSource | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  let hidden: ReturnType<typeof setTimeout> | undefined;
  let interrupted = false;

  const connect = () => {
    clearTimeout(again);
    source?.close();
    source = new EventSource("/v1/changes");
    source.onopen = () => {
      tell("live");
      if (interrupted) void queries.invalidateQueries();
      interrupted = false;
    };
    source.addEventListener("change", (event) => told.add(JSON.parse(String(event.data)) as ChangeAnswer));
    source.onerror = () => {
      lost();
      // Closed for good after an error answer, such as 503 while the service restarts; the session may have ended too.
      if (source?.readyState !== EventSource.CLOSED) return;
      void queries.invalidateQueries({ queryKey: ["session"] });
      again = setTimeout(connect, AGAIN_MS);
    };
  };
  const lost = () => {
    interrupted = true;
    tell(navigator.onLine ? "connecting" : "offline");
  };
  // A browser opens six connections to one host: windows that nobody looks at leave them to the others.
  const looked = () => {
    clearTimeout(hidden);
    if (document.hidden)
      hidden = setTimeout(() => {
        interrupted = true;
        clearTimeout(again);
        source?.close();
      }, HIDDEN_MS);
    else if (source?.readyState === EventSource.CLOSED) connect();
  };
  // A connection through a network that went away may look open for minutes.
  window.addEventListener("offline", lost);
  window.addEventListener("online", connect);
  document.addEventListener("visibilitychange", looked);
  connect();
  return () => {
    window.removeEventListener("offline", lost);
    window.removeEventListener("online", connect);
    document.removeEventListener("visibilitychange", looked);
    clearTimeout(again);
    clearTimeout(hidden);
    source?.close();
    told.end();
  };
}

function gather() {
  const waiting = new Map<string, ChangeAnswer>();
  const lists = new Set<string>();
  let objectsDue: ReturnType<typeof setTimeout> | undefined;
  let listsDue: ReturnType<typeof setTimeout> | undefined;
  let overviewDue: ReturnType<typeof setTimeout> | undefined;
  let listsRead = 0;
  const readObjects = () => {
    objectsDue = undefined;
    for (const { object, id, order_id } of waiting.values()) {
      void queries.invalidateQueries({ queryKey: [object, id] });
      if (order_id) void queries.invalidateQueries({ queryKey: ["order", order_id] });
    }
    waiting.clear();
  };
  const readLists = () => {
    listsDue = undefined;
    listsRead = Date.now();
    for (const list of lists) void queries.invalidateQueries({ queryKey: [list] });
    // The overview that one is given may be some seconds old.
    if (lists.has("overview"))
      overviewDue ??= setTimeout(() => {
        overviewDue = undefined;
        void queries.invalidateQueries({ queryKey: ["overview"] });
      }, OVERVIEW_MS);
    lists.clear();
  };
  return {
    add(change: ChangeAnswer) {
      waiting.set(change.id, change);
      for (const list of LISTS[change.object] ?? []) lists.add(list);
      objectsDue ??= setTimeout(readObjects, GATHER_MS);
      listsDue ??= setTimeout(readLists, Math.max(GATHER_MS, listsRead + LIST_MS - Date.now()));
    },
    end() {
      clearTimeout(objectsDue);
      clearTimeout(listsDue);
      clearTimeout(overviewDue);
    },
  };
}
