import { z } from "zod";
import * as answers from "../answer-schemas/service.ts";
import { paging } from "../paging.ts";
import { startReconciliation } from "../reconciliations.ts";
import type { Operation } from "./operation.ts";

/** Reconciliation, and what operators look at. */
export const SERVICE_OPERATIONS: Operation[] = [
  {
    method: "post",
    path: "/v1/reconciliations",
    summary: "Compare open and recent orders with the provider",
    description:
      "Role finance. Answers at once; read the report until `status` is `finished`. Orders changed since `since` (default: three days ago) " +
      "and all open ones are compared; each that differs is told what the provider says, and is `repaired` when it agrees then.",
    tag: "Reconciliation",
    body: startReconciliation,
    success: 202,
    answer: answers.reconciliation,
  },
  {
    method: "get",
    path: "/v1/reconciliations",
    summary: "List reports, newest first; one is made each night",
    tag: "Reconciliation",
    query: z.object(paging),
    success: 200,
    answer: answers.reconciliations,
  },
  {
    method: "get",
    path: "/v1/reconciliations/{id}",
    summary: "Read a report with its differences",
    tag: "Reconciliation",
    success: 200,
    answer: answers.reconciliation,
  },
  {
    method: "get",
    path: "/healthz",
    summary: "Is the process alive",
    tag: "Operation",
    success: 200,
    answer: answers.health,
    open: true,
  },
  {
    method: "get",
    path: "/readyz",
    summary: "Can it take requests, and if not, why",
    tag: "Operation",
    success: 200,
    also: [503],
    answer: answers.readiness,
    open: true,
  },
  {
    method: "get",
    path: "/metrics",
    summary: "Metrics for Prometheus",
    tag: "Operation",
    success: 200,
    produces: ["text/plain"],
    open: true,
  },
];
