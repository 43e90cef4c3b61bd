import { readLink } from "../audit/entry.ts";
import { verifyAgainst, type KnownHead, type VerdictAgainst } from "../audit/known-heads.ts";
import {
  verifyCheckpoints,
  type CheckpointFault,
  type CheckpointsVerdict,
} from "../audit/verify-checkpoints.ts";
import type { ExpectedHead, Fault } from "../audit/verify.ts";
import { AppError } from "../errors.ts";
import { request, type Target } from "./client.ts";
import { checkpointLinesOf, linesOf, publicKeysOf } from "./verify-files.ts";

/** A verdict on a trail and, where there were any, on the checkpoints that it was held to. */
export type VerifyResult = VerdictAgainst & { checkpoints?: CheckpointsVerdict };

export interface VerifyOutcome {
  result: VerifyResult;
  /** The result in a sentence or two. */
  message: string;
  code: 0 | 1;
}

/** What the trail is held to, beside itself. */
export interface VerifyOptions {
  /** Its length and head from another source. */
  expected?: ExpectedHead;
  /** A hash that has to be in it, such as the order's `audit.head_hash` of some time. */
  head?: string;
  /** Files or directories of checkpoints and proofs. */
  checkpoints?: readonly string[];
  /** A file with the public keys that are trusted; without it whichever signed the oldest is believed. */
  keyFile?: string;
}

const TRAIL = "an exported .ndjson file or an order's id";

/** Verifies an exported trail (NDJSON), offline: nobody is asked. @throws AppError when a file cannot be read */
export async function verifyFile(path: string, options: VerifyOptions = {}): Promise<VerifyOutcome> {
  const { expected, head, checkpoints: files = [], keyFile } = options;
  const keys = keyFile === undefined ? null : await publicKeysOf(keyFile);
  const checkpoints =
    files.length > 0
      ? await verifyCheckpoints(checkpointLinesOf(files), { keys, orderId: await orderOf(path) })
      : undefined;
  const known: KnownHead[] = [
    ...(checkpoints?.known ?? []),
    ...(head === undefined ? [] : [{ from: "the given head", entries: null, head_hash: head }]),
  ];
  const verdict = await verifyAgainst(linesOf(path, TRAIL), known, expected);
  return outcome(path, { ...verdict, ...(checkpoints ? { checkpoints } : {}) }, { anyKey: keys === null });
}

/** Of which order the trail is; null when its first line is no entry. */
async function orderOf(path: string): Promise<string | null> {
  for await (const line of linesOf(path, TRAIL)) return readLink(line)?.order_id ?? null;
  return null;
}

/** Has a running service verify what it stores of an order. @throws AppError with the service's own words. */
export async function verifyOrder(target: Target & { orderId: string }): Promise<VerifyOutcome> {
  const { orderId } = target;
  const path = `/v1/orders/${encodeURIComponent(orderId)}/audit/verify`;
  return outcome(orderId, await request<VerdictAgainst>(target, "GET", path), { anyKey: false });
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
  rewritten: "or one after it was written anew",
  withheld: "has lost a personal value, and no erasure says so",
};

const PROBLEM: Record<CheckpointFault["problem"], string> = {
  malformed: "is neither a checkpoint nor a leaf nor a proof",
  signature: "does not have the signature that it says",
  key: "is signed by a key that nothing vouches for",
  chain: "does not continue the one before it",
  forked: "exists twice, and the two say different things",
  inclusion: "does not have the leaves or the proof beside it in its tree",
};

function outcome(what: string, result: VerifyResult, { anyKey }: { anyKey: boolean }): VerifyOutcome {
  const [worst] = result.checkpoints?.faults ?? [];
  const code = result.valid && worst === undefined ? 0 : 1;
  const lines = [trailSentence(what, result), ...(result.checkpoints ? [checkpointsSentence(result)] : [])];
  if (result.checkpoints && anyKey)
    lines.push("No --key was given: the key that signed the oldest checkpoint was believed.");
  return { result, code, message: lines.join("\n") };
}

function trailSentence(what: string, result: VerifyResult): string {
  if (result.valid) return `${what} is valid: ${result.entries} entries, head ${result.head_hash}`;
  if (result.fault === undefined) return `${what} is NOT valid`;
  const place = `entry ${result.first_bad_seq ?? result.entries} ${FAULT[result.fault]}`;
  const against = result.contradicts === undefined ? "" : `, against ${result.contradicts}`;
  return `${what} is NOT valid: ${place} (${result.fault})${against}; ${result.entries} before it are proven`;
}

function checkpointsSentence({ checkpoints, vouched, entries, valid }: VerifyResult): string {
  if (!checkpoints) return "";
  const [worst] = checkpoints.faults;
  if (worst) {
    const which = worst.number === null ? "a line" : `checkpoint ${worst.number}`;
    return `The checkpoints are NOT valid: ${which} ${PROBLEM[worst.problem]} (${worst.problem})`;
  }
  const { newest, gaps } = checkpoints;
  const upTo = newest ? `${checkpoints.checkpoints} up to number ${newest.number} of ${newest.at}` : "none";
  const missing = gaps.map(([from, to]) => (from === to ? String(from) : `${from} to ${to}`)).join(", ");
  const said =
    valid && checkpoints.known.length > 0
      ? `; they state ${vouched ?? 0} of the ${entries} entries`
      : valid
        ? "; none of them states this trail"
        : "";
  return `The checkpoints are valid: ${upTo}${said}${missing ? ` (not given: ${missing})` : ""}`;
}

/** @throws AppError when it is not the hash of an entry */
export function headOf(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new AppError("invalid_request", "--head: write the 64 hex digits of an entry's hash");
}
