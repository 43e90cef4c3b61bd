import { badParam, noSuch } from "./errors.ts";
import type { Call } from "./call.ts";
import type { Collection } from "./collection.ts";
import type { CreatedFilter } from "./params.ts";

interface Paging {
  limit?: number | undefined;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
}
interface Options<T> {
  matches?: (object: T) => boolean;
  /** True from here on nothing older can match: the walk stops. */
  until?: (object: T) => boolean;
  show?: (object: T) => object;
}

/** One page, newest first, https://docs.stripe.com/api/pagination. */
export function listed<T extends { id: string }>(
  _call: Call,
  collection: Collection<T>,
  paging: Paging,
  url: string,
  options: Options<T> = {},
): object {
  const limit = paging.limit ?? 10;
  if (limit > 100) {
    throw badParam(
      "This value must be less than or equal to 100 (it currently is '" + String(limit) + "').",
      "limit",
      "parameter_invalid_integer",
    );
  }
  if (limit < 1)
    throw badParam("This value must be greater than or equal to 1.", "limit", "parameter_invalid_integer");
  if (paging.starting_after !== undefined && paging.ending_before !== undefined) {
    throw badParam(
      "You may only specify one of these parameters: starting_after, ending_before.",
      "starting_after",
    );
  }
  for (const param of ["starting_after", "ending_before"] as const) {
    const id = paging[param];
    if (id !== undefined && !collection.get(id)) throw noSuch("object", id, param, 400);
  }
  const backwards = paging.ending_before !== undefined;
  const walk = backwards ? collection.oldest(paging.ending_before) : collection.newest(paging.starting_after);
  const found: T[] = [];
  for (const object of walk) {
    if (!backwards && options.until?.(object)) break;
    if (options.matches && !options.matches(object)) continue;
    found.push(object);
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  if (backwards) page.reverse();
  return {
    object: "list",
    data: options.show ? page.map(options.show) : page,
    has_more: found.length > limit,
    url,
  };
}

export function matchesCreated(object: { created: number }, filter: CreatedFilter | undefined): boolean {
  if (filter === undefined) return true;
  const { created } = object;
  if (typeof filter === "number") return created === filter;
  const { gt, gte, lt, lte } = filter;
  return (
    (gt === undefined || created > gt) &&
    (gte === undefined || created >= gte) &&
    (lt === undefined || created < lt) &&
    (lte === undefined || created <= lte)
  );
}
