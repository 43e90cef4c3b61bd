import { createReadStream } from "node:fs";
import { AppError } from "../errors.ts";
import { readLines } from "../audit/lines.ts";
import { verifyChain, type ExpectedHead, type Fault, type Verdict } from "../audit/verify.ts";
import { request, type Target } from "./client.ts";

export interface VerifyOutcome {
  result: Verdict;
  /** The result in a sentence. */
  message: string;
  code: 0 | 1;
}

/** Verifies an exported trail (NDJSON), offline. `expected` is its length and head from another source, if there is one. */
export async function verifyFile(path: string, expected?: ExpectedHead): Promise<VerifyOutcome> {
  try {
    const result = await verifyChain(readLines(createReadStream(path)), expected);
    return outcome(path, result);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "") throw error;
    throw new AppError(
      "invalid_request",
      `${path} cannot be read (${code}); name an exported .ndjson file or an order's id`,
      {
        cause: error,
      },
    );
  }
}

/** Has a running service verify what it stores of an order. @throws AppError with the service's own words. */
export async function verifyOrder(target: Target & { orderId: string }): Promise<VerifyOutcome> {
  const { orderId } = target;
  const path = `/v1/orders/${encodeURIComponent(orderId)}/audit/verify`;
  return outcome(orderId, await request<Verdict>(target, "GET", path));
}

const FAULT: Record<Fault, string> = {
  edited: "was edited",
  missing: "is missing",
  inserted: "was inserted",
  reordered: "stands at another place",
  forked: "exists twice, and both continue the entry before",
  truncated: "is missing, as is everything after it",
  malformed: "is not an audit entry",
  misstated: "has a personal value beside it that is not the one it commits to",
  rewritten: "was written anew, here or later: the chain is sound, but it is not the one that was stated",
  withheld: "has lost a personal value, and no erasure says so",
};

function outcome(what: string, result: Verdict): VerifyOutcome {
  if (result.fault !== undefined) {
    const place = `entry ${result.first_bad_seq ?? result.entries} ${FAULT[result.fault]}`;
    return {
      result,
      code: 1,
      message: `${what} is NOT valid: ${place} (${result.fault}); ${result.entries} before it are proven`,
    };
  }
  if (!result.valid) return { result, code: 1, message: `${what} is NOT valid` };
  return {
    result,
    code: 0,
    message: `${what} is valid: ${result.entries} entries, head ${result.head_hash}`,
  };
}
