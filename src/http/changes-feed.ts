import type { ChangeAnswer } from "../contract/answers/changes.ts";
import { findOpen, readChanges, type ChangedRow } from "../db/changes.ts";
import type { Queryable } from "../db/pool.ts";
import type { Log } from "../log.ts";

/** Who follows: what is theirs, and how it is handed over. */
export interface ChangeFollower {
  tenant: string;
  /** Admins are told of webhooks of no order too. */
  admin: boolean;
  tell(changes: ChangeAnswer[]): void;
  /** The feed ends. */
  end(): void;
}

export interface ChangesFeed {
  /** @returns what ends the following */
  follow(follower: ChangeFollower): () => void;
  close(): void;
}

interface Deps {
  db: Queryable;
  /** Calls back with the id of every order and approval that changes. */
  onAnyChanged: (callback: (id: string) => void) => () => void;
  log: Log;
  /** How often the database is read while anybody follows. */
  everyMs?: number;
}

/** What another process has created with an earlier id may be committed later. */
const LATE_MS = 10_000;
/** Received webhooks and deliveries that are watched until they end: the newest. */
const MOST_OPEN = 500;

/**
 * What changes, for all who follow in this process: one read a second, however many they are, and none while there is nobody.
 * Orders and approvals are announced, here and by other processes; received webhooks and deliveries are looked for.
 */
export function createChangesFeed({ db, onAnyChanged, log, everyMs = 1_000 }: Deps): ChangesFeed {
  const followers = new Set<ChangeFollower>();
  let stop: (() => void) | null = null;

  function watch(): () => void {
    const announced = new Set<string>();
    const off = onAnyChanged((id) => announced.add(id));
    const begun = Date.now();
    let known: ReturnType<typeof createKnown> | null = null;
    let timer: NodeJS.Timeout | undefined;
    let stopped = false;
    const look = async (): Promise<void> => {
      const ids = [...announced];
      announced.clear();
      try {
        const first = known === null;
        known ??= createKnown(await findOpen(db));
        const since = new Date(Math.max(begun, Date.now()) - LATE_MS);
        const changed = known.changedOf(await readChanges(db, { announced: ids, since, open: known.open() }));
        // The first look learns how things stand.
        tellAll(first ? changed.filter(({ version }) => version === null) : changed);
      } catch (error) {
        ids.forEach((id) => announced.add(id));
        log.warn({ err: error }, "changes could not be read; trying again");
      }
      if (!stopped) timer = setTimeout(() => void look(), everyMs).unref();
    };
    void look();
    return () => {
      stopped = true;
      clearTimeout(timer);
      off();
    };
  }

  function tellAll(rows: ChangedRow[]): void {
    if (rows.length === 0) return;
    for (const follower of followers) {
      const theirs = rows.filter(({ tenant }) =>
        tenant === null ? follower.admin : tenant === follower.tenant,
      );
      if (theirs.length > 0) follower.tell(theirs.map(present));
    }
  }

  return {
    follow(follower) {
      followers.add(follower);
      stop ??= watch();
      return () => {
        followers.delete(follower);
        if (followers.size > 0) return;
        stop?.();
        stop = null;
      };
    },
    close() {
      for (const follower of followers) follower.end();
    },
  };
}

const present = ({ object, id, order_id }: ChangedRow): ChangeAnswer => ({
  object,
  id,
  ...(order_id === null ? {} : { order_id }),
});

const isOver = (version: string): boolean => /^(routed|ignored|quarantined|delivered)\b/.test(version);

/** How received webhooks and deliveries were when they were last read. */
function createKnown(start: string[]) {
  const versions = new Map<string, { version: string; at: number }>(
    start.map((id) => [id, { version: "", at: 0 }]),
  );
  return {
    open: (): string[] =>
      [...versions]
        .filter(([, { version }]) => !isOver(version))
        .map(([id]) => id)
        .slice(-MOST_OPEN),
    /** Those that were announced, and those that are not as they were. */
    changedOf(rows: ChangedRow[]): ChangedRow[] {
      const now = performance.now();
      const changed = rows.filter(({ id, version }) => {
        if (version === null) return true;
        const before = versions.get(id);
        versions.set(id, { version, at: now });
        return before?.version !== version;
      });
      // Kept as long as it may be read again: what is over is not after a while, and what is gone is read no more.
      for (const [id, { at }] of versions) if (at < now - LATE_MS) versions.delete(id);
      return changed;
    },
  };
}
