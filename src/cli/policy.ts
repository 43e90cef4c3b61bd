import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { loadConfig } from "../config.ts";
import { explainPolicy } from "../domain/policy-explain.ts";
import { PolicyError, reviewPolicy, type PolicyMistake } from "../domain/policy-parse.ts";
import type { PolicySubject } from "../domain/policy.ts";
import { AppError } from "../errors.ts";
import { explanationText } from "./explanation-text.ts";
import { paint, stdout, type ExitCode, type Output } from "./output.ts";

interface ExplainFlags {
  amount: number;
  currency: string;
  kind: PolicySubject["kind"];
  customer?: string;
  metadata?: Record<string, string>;
  requestedBy?: string;
  file?: string;
  at?: Date;
  json: boolean;
}

/** `policy check` and `policy explain`: what a policy file says, before anybody depends on it. */
export function policyCommand(finish: (code: ExitCode) => void, output: Output = stdout): Command {
  const policy = new Command("policy")
    .description("who is asked before money moves")
    .showHelpAfterError("(--help says more)")
    .exitOverride();
  policy
    .command("check")
    .argument("[file]", "the policy (default: POLICY_FILE)")
    .description("find every mistake in a policy, with its line and the remedy")
    .option("--json", "for machines", false)
    .action(async (file: string | undefined, options: { json: boolean }) => {
      finish(await checkPolicy(file ?? loadConfig().policyFile, output, options));
    });
  policy
    .command("explain")
    .description("show who would be asked, when they are reminded, when it escalates, and how it ends")
    .requiredOption("--amount <n>", "in the currency's minor unit: 125000 is 1,250.00 USD", wholeNumber)
    .requiredOption("--currency <code>", "ISO 4217 code, such as usd", currencyCode)
    .addOption(new Option("--kind <kind>", "of what").choices(["order", "refund"]).default("order"))
    .option("--customer <address>", "the customer's address")
    .option("--metadata <pairs...>", "key=value, as many as there are", keyAndValue)
    .option("--requested-by <address>", "who requests it, and so cannot approve it")
    .option("--file <file>", "the policy (default: POLICY_FILE)")
    .option("--at <time>", "when it comes, RFC 3339 (default: now)", time)
    .option("--json", "for machines", false)
    .action(async (flags: ExplainFlags) => {
      finish(await explain(flags, output));
    });
  return policy;
}

/** Reviews a policy file. @returns 1 when it cannot be used; warnings alone are 0 */
export async function checkPolicy(
  file: string,
  output: Output,
  { json }: { json: boolean },
): Promise<ExitCode> {
  const c = paint(output);
  const told = (kind: string, { line, path, message }: PolicyMistake) =>
    `${file}:${line}: ${kind}${path === "" ? "" : `${path}: `}${message}\n`;
  const text = await textOf(file);
  try {
    const { policy, warnings } = reviewPolicy(text);
    const { version, rules } = policy;
    if (json) output.write(`${JSON.stringify({ file, valid: true, version, mistakes: [], warnings })}\n`);
    else {
      for (const warning of warnings) output.write(told(c.yellow("warning: "), warning));
      const size = `${Object.keys(rules.tiers).length} tiers, ${rules.rules.length} rules`;
      output.write(`${file} is ${c.green("valid")}: version ${version}, ${size}\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const { mistakes } = error;
    if (json)
      output.write(`${JSON.stringify({ file, valid: false, version: null, mistakes, warnings: [] })}\n`);
    else for (const mistake of mistakes) output.write(told(c.red("error: "), mistake));
    return 1;
  }
}

async function explain(flags: ExplainFlags, output: Output): Promise<ExitCode> {
  const file = flags.file ?? loadConfig().policyFile;
  const subject = {
    kind: flags.kind,
    amount: flags.amount,
    currency: flags.currency,
    customer: flags.customer ?? null,
    metadata: flags.metadata ?? {},
    requested_by: flags.requestedBy ?? null,
  };
  const explanation = explainPolicy(await policyOf(file), subject, flags.at ?? new Date());
  output.write(
    flags.json
      ? `${JSON.stringify({ file, ...explanation })}\n`
      : explanationText(subject, explanation, output),
  );
  return 0;
}

async function policyOf(file: string) {
  const text = await textOf(file);
  try {
    return reviewPolicy(text).policy;
  } catch (error) {
    if (error instanceof PolicyError)
      throw new AppError("invalid_request", `${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new AppError("invalid_request", `${file} cannot be read; name a policy file that exists`, {
      cause: error,
    });
  }
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("write a whole number in the currency's minor unit.");
  return value;
}

function currencyCode(text: string): string {
  if (!/^[a-z]{3}$/i.test(text)) throw new InvalidArgumentError("write an ISO 4217 code, such as usd.");
  return text.toLowerCase();
}

function keyAndValue(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new InvalidArgumentError("write key=value, such as risk=high.");
  return { ...before, [key]: value };
}

function time(text: string): Date {
  const at = new Date(text);
  if (
    !/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) ||
    Number.isNaN(at.getTime())
  )
    throw new InvalidArgumentError("write a time with its zone, such as 2026-01-31T09:00:00Z.");
  return at;
}
