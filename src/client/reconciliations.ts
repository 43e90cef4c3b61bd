import type { z } from "zod";
import type { ReconciliationAnswer } from "../contract/answers/reconciliations.ts";
import type { List } from "../contract/paging.ts";
import type { startReconciliation } from "../contract/reconciliations.ts";
import { everyItem, type Paging } from "./pages.ts";
import { Resource } from "./resource.ts";
import { pause } from "./retry.ts";
import { at, type CallOptions } from "./transport.ts";

const LOOK_MS = 500;

/** Comparisons of orders with the payment provider. */
export class Reconciliations extends Resource {
  /** Starts one; `wait` has its report. */
  start(
    start: z.input<typeof startReconciliation> = {},
    options?: CallOptions,
  ): Promise<ReconciliationAnswer> {
    return this.transport.json({ method: "POST", path: "/v1/reconciliations", body: start }, options);
  }

  get(id: string, options?: CallOptions): Promise<ReconciliationAnswer> {
    return this.transport.json({ method: "GET", path: at`/v1/reconciliations/${id}` }, options);
  }

  /** The report, as soon as it is finished or has failed. */
  async wait(id: string, options?: CallOptions): Promise<ReconciliationAnswer> {
    for (;;) {
      const report = await this.get(id, options);
      if (report.status !== "running") return report;
      await pause(LOOK_MS, options?.signal);
    }
  }

  /** One page, newest first. */
  list(query: Paging = {}, options?: CallOptions): Promise<List<ReconciliationAnswer>> {
    return this.transport.json({ method: "GET", path: "/v1/reconciliations", query: { ...query } }, options);
  }

  /** Every report, newest first, over all pages. */
  all(query: Paging = {}, options?: CallOptions): AsyncGenerator<ReconciliationAnswer, void, undefined> {
    return everyItem(query, (page) => this.list(page, options));
  }
}
