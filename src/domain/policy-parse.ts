import { createHash } from "node:crypto";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from "yaml";
import type { z } from "zod";
import type { Policy } from "./policy.ts";
import { mistakesOf, warningsOf, type Finding } from "./policy-review.ts";
import { policySchema, wording } from "./policy-schema.ts";

/** Something in a policy file that is to be mended, and how. */
export interface PolicyMistake {
  line: number;
  /** Keys down to it, such as `timing.remind_after`; empty for the whole file. */
  path: string;
  message: string;
}

/** A policy file that cannot be used: all of its mistakes, in the order of their lines. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
  readonly mistakes: PolicyMistake[];

  constructor(mistakes: PolicyMistake[], options?: ErrorOptions) {
    super(mistakes.map(mistakeText).join("; "), options);
    this.mistakes = mistakes;
  }
}

const mistakeText = ({ line, path, message }: PolicyMistake): string =>
  `line ${line}: ${path === "" ? message : `${path}: ${message}`}`;

/**
 * Reads a policy from YAML.
 * @throws PolicyError naming each line and the remedy.
 */
export function parsePolicy(text: string): Policy {
  return reviewPolicy(text).policy;
}

/**
 * Reads a policy, and finds what can be used and is hardly meant, such as a rule that is never reached.
 * @throws PolicyError naming each line and the remedy.
 */
export function reviewPolicy(text: string): { policy: Policy; warnings: PolicyMistake[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (offset: number): number => Math.max(lines.linePos(offset).line, 1);
  const placed = (findings: Finding[]): PolicyMistake[] =>
    findings
      .map(({ path, message }) => ({ path: asWritten(document, path), message }))
      .map(({ path, message }) => ({
        line: lineOf(offsetOf(document, path)),
        path: path.map(String).join("."),
        message,
      }))
      .sort((a, b) => a.line - b.line);

  const syntax = document.errors.map((error) => ({
    line: lineOf(error.pos[0]),
    path: "",
    message:
      error.code === "MULTIPLE_DOCS"
        ? "a policy is one document; take this line out"
        : (error.message.split(/ at line \d/)[0] ?? error.message),
  }));
  if (syntax.length > 0) throw new PolicyError(syntax);
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document)) return;
      const message = `there is no anchor &${alias.source} above this alias`;
      throw new PolicyError([{ line: lineOf(alias.range?.[0] ?? 0), path: "", message }]);
    },
  });
  const parsed = policySchema.safeParse(valueOf(document), { error: wording });
  if (!parsed.success) throw new PolicyError(placed(parsed.error.issues.flatMap(findingsOf)));
  const rules = parsed.data;
  const mistakes = mistakesOf(rules);
  if (mistakes.length > 0) throw new PolicyError(placed(mistakes));
  const version = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return { policy: { version, rules }, warnings: placed(warningsOf(rules)) };
}

/** An unknown key is a mistake of its own, at its own line. */
const findingsOf = (issue: z.core.$ZodIssue): Finding[] =>
  issue.code === "unrecognized_keys"
    ? issue.keys.map((key) => ({ path: [...issue.path, key], message: issue.message }))
    : [{ path: issue.path, message: issue.message }];

/** A tier may be written as the list of its gates alone. */
const asWritten = (document: Document, path: PropertyKey[]): PropertyKey[] =>
  path[0] === "tiers" && path[2] === "gates" && isSeq(document.getIn(path.slice(0, 2), true))
    ? path.toSpliced(2, 1)
    : path;

/** Where the value at this path, or the nearest one above it, begins: at its key when it has one. */
function offsetOf({ contents }: Document, path: PropertyKey[]): number {
  let node: unknown = contents;
  let offset = 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      if (isScalar(pair?.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair?.value;
    } else if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      if (isMap(node) || isScalar(node)) offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

/** @throws PolicyError when aliases multiply without end. */
function valueOf(document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new PolicyError([{ line: 1, path: "", message }], { cause: error });
  }
}
