import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { PACKAGE } from "../../src/package.ts";
import { apiFixtures, type ApiFixtures } from "./api-format.ts";
import { UsageError } from "./usage.ts";

export { UsageError } from "./usage.ts";

/** The fixtures that come with the package. */
export const ALL_SCENARIOS = join(PACKAGE, "fixtures/scenarios");

/** A file of requests to the provider's API. */
export interface ApiFile {
  file: string;
  fixtures: ApiFixtures;
}

export interface Expected {
  status: string;
  amount_captured?: number | undefined;
  amount_refunded?: number | undefined;
}

/** A recorded webhook as read: `text` is its body as it goes over the wire, with placeholders. */
export interface RecordedWebhook {
  file: string;
  headers: Record<string, string>;
  text: string;
}

/** Webhooks for one order: that of a scenario, which replay creates, or (`create` null) one that is named. */
export interface Scenario {
  name: string;
  title: string;
  create: object | null;
  webhooks: RecordedWebhook[];
  /** What people decide once the webhooks are in, gate by gate. */
  decisions: Decision[];
  expected: Expected | null;
}

export type Decision = "approve" | "reject";

const scenarioShape = z.strictObject({
  title: z.string(),
  order: z.string(),
  webhooks: z.string(),
  decisions: z.array(z.enum(["approve", "reject"])).default([]),
  expected: z
    .strictObject({
      status: z.string(),
      amount_captured: z.int().optional(),
      amount_refunded: z.int().optional(),
    })
    .optional(),
});

const webhookShape = z.strictObject({
  headers: z.record(z.string(), z.string()),
  body: z.union([z.string(), z.looseObject({ id: z.string(), object: z.literal("event") })]),
});

/**
 * What the arguments name: scenario files, directories of them, directories of webhooks that a scenario plays, or, with an
 * order given, any webhook file or directory of such.
 * @throws UsageError
 */
export async function readScenarios(paths: string[], { order = false } = {}): Promise<Scenario[]> {
  if (order) return [await readLoose(paths)];
  const files = (await Promise.all(paths.map(scenarioFiles))).flat();
  const byName = (a: string, b: string) => (basename(a, ".json") < basename(b, ".json") ? -1 : 1);
  const unique = [...new Set(files)].sort(byName);
  if (unique.length === 0) throw new UsageError(`no scenario in ${paths.join(", ")}`);
  return Promise.all(unique.map(readScenario));
}

/** Splits what the arguments name into files of requests to the provider's API, in the Stripe CLI's format, and the rest. */
export async function splitPaths(paths: string[]): Promise<{ api: ApiFile[]; rest: string[] }> {
  const api: ApiFile[] = [];
  const rest: string[] = [];
  for (const path of paths) {
    const full = resolve(path);
    const isFile = (await stat(full).catch(() => null))?.isFile() ?? false;
    const json = isFile ? await readJson(full) : null;
    if (typeof json === "object" && json !== null && "fixtures" in json)
      api.push({ file: path, fixtures: parse(apiFixtures, json, path) });
    else rest.push(path);
  }
  return { api, rest };
}

async function scenarioFiles(path: string): Promise<string[]> {
  const full = resolve(path);
  const info = await stat(full).catch(() => null);
  if (!info) throw new UsageError(`${path} does not exist`);
  if (info.isFile()) {
    const json = await readJson(full);
    if (scenarioShape.safeParse(json).success) return [full];
    const played = await scenarioOf(dirname(full));
    if (!webhookShape.safeParse(json).success)
      throw new UsageError(`${path} is neither a scenario nor a webhook`);
    throw new UsageError(
      `${path} is a single webhook: name its order with --order ord_…${played ? `, or play all of ${played}` : ""}`,
    );
  }
  const names = await readdir(full);
  if (names.includes("scenarios")) return scenarioFiles(join(full, "scenarios"));
  const json = names.filter((name) => name.endsWith(".json")).map((name) => join(full, name));
  if (json.length === 0)
    return (await Promise.all(names.map((name) => scenarioOf(join(full, name))))).filter((f) => f !== null);
  const played = await scenarioOf(full);
  return played ? [played] : json;
}

/** The scenario that plays a directory of webhooks, by the layout of `fixtures`. */
async function scenarioOf(directory: string): Promise<string | null> {
  const file = resolve(directory, "../../scenarios", `${basename(directory)}.json`);
  return basename(dirname(directory)) === "webhooks" && (await stat(file).catch(() => null)) ? file : null;
}

async function readScenario(file: string): Promise<Scenario> {
  const { title, order, webhooks, decisions, expected } = parse(scenarioShape, await readJson(file), file);
  const here = dirname(file);
  return {
    name: basename(file, ".json"),
    title,
    create: parse(z.looseObject({}), await readJson(resolve(here, order)), order),
    webhooks: await readWebhooks(resolve(here, webhooks)),
    decisions,
    expected: expected ?? null,
  };
}

async function readLoose(paths: string[]): Promise<Scenario> {
  const webhooks = (await Promise.all(paths.map((path) => readWebhooks(resolve(path))))).flat();
  return { name: "given", title: paths.join(", "), create: null, webhooks, decisions: [], expected: null };
}

/** One file, or all of a directory by name. */
async function readWebhooks(path: string): Promise<RecordedWebhook[]> {
  const info = await stat(path).catch(() => null);
  if (!info) throw new UsageError(`${path} does not exist`);
  if (!info.isDirectory()) return [await readWebhook(path)];
  const names = (await readdir(path)).filter((name) => name.endsWith(".json")).sort();
  if (names.length === 0) throw new UsageError(`${path} holds no webhooks`);
  return Promise.all(names.map((name) => readWebhook(join(path, name))));
}

async function readWebhook(file: string): Promise<RecordedWebhook> {
  const { headers, body } = parse(webhookShape, await readJson(file), file);
  return {
    file: `${basename(dirname(file))}/${basename(file)}`,
    headers,
    text: typeof body === "string" ? body : JSON.stringify(body),
  };
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parse<T>(shape: z.ZodType<T>, json: unknown, file: string): T {
  const parsed = shape.safeParse(json);
  if (!parsed.success)
    throw new UsageError(`${file}: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`);
  return parsed.data;
}
