import type { List } from "../contract/paging.ts";

/** What every list takes. */
export interface Paging {
  /** 1 to 100; default 20. */
  limit?: number | undefined;
  /** `next_cursor` of the page before. */
  cursor?: string | undefined;
}

/** Every item of every page; the next page is asked for when the one before was taken. */
export async function* everyItem<T, Q extends Paging>(
  query: Q,
  load: (query: Q) => Promise<List<T>>,
): AsyncGenerator<T, void, undefined> {
  let next: Q = { ...query, limit: query.limit ?? 100 };
  for (;;) {
    const page = await load(next);
    yield* page.data;
    if (!page.has_more || page.next_cursor === null) return;
    next = { ...next, cursor: page.next_cursor };
  }
}
