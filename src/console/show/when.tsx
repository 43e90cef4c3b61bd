import { Tooltip } from "@mantine/core";
import { useSyncExternalStore } from "react";

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const short = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "long" });

const UNITS = [
  ["second", 1],
  ["minute", 60],
  ["hour", 3_600],
  ["day", 86_400],
] as const;

/** `3 min ago`, `in 2 hr.`; null when it is more than a month away. */
function fromNow(at: number, now: number): string | null {
  const seconds = Math.round((at - now) / 1_000);
  const [unit, size] = UNITS.findLast(([, size]) => Math.abs(seconds) >= size) ?? UNITS[0];
  const count = Math.round(seconds / size);
  return unit === "day" && Math.abs(count) > 30 ? null : relative.format(count, unit);
}

/** One clock for all that is shown relative to now. */
const listeners = new Set<() => void>();
let now = Date.now();
setInterval(() => {
  now = Date.now();
  for (const listener of listeners) listener();
}, 10_000);
const useNow = () =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => now,
  );

/** A time (RFC 3339) in the reader's zone, in full and in UTC on hover. `ago`: from now, as `3 min. ago`. */
export function When({ at, ago = false }: { at: string | null; ago?: boolean }) {
  const current = useNow();
  if (at === null) return <>–</>;
  const time = new Date(at);
  const shown = (ago ? fromNow(time.getTime(), Math.max(current, Date.now())) : null) ?? short.format(time);
  return (
    <Tooltip label={`${full.format(time)} · ${time.toISOString().slice(0, 19).replace("T", " ")} UTC`}>
      <time dateTime={at} style={{ whiteSpace: "nowrap" }}>
        {shown}
      </time>
    </Tooltip>
  );
}
