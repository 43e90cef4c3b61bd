import type { Actor } from "./call.ts";
import { emit } from "./events.ts";
import { isHash } from "./form.ts";
import type { EventType } from "./objects.ts";

/**
 * Calls `update`, which changes the object, and tells of it with the former values of what it changed; of nothing, when
 * nothing did. https://docs.stripe.com/api/events/object#event_object-data-previous_attributes
 */
export function changing<T extends { id: string }>(
  actor: Actor,
  types: EventType | readonly EventType[],
  object: T,
  update: () => void,
): T {
  const before: unknown = structuredClone(object);
  update();
  const previous = isHash(before) ? former(before, { ...object }) : {};
  if (Object.keys(previous).length === 0) return object;
  for (const type of typeof types === "string" ? [types] : types) emit(actor, type, object, previous);
  return object;
}

/** Hashes are compared name by name, lists as a whole; what was not there is null. */
function former(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name], after[name]];
    if (JSON.stringify(was) === JSON.stringify(is)) continue;
    found[name] = isHash(was) && isHash(is) ? former(was, is) : (was ?? null);
  }
  return found;
}
