import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { ApiFixtures } from "./api-format.ts";
import { UsageError } from "./usage.ts";
import type { ReceivedWebhook, Target } from "./target.ts";

export interface ApiFixtureReport {
  name: string;
  method: string;
  path: string;
  status: number;
  /** What the provider made; null when it made nothing. */
  id: string | null;
  error: string | null;
  ok: boolean;
}

export interface ApiReplayReport {
  ok: boolean;
  requests: ApiFixtureReport[];
  /** What the provider told the service because of them. */
  events: {
    event_id: string;
    type: string;
    state: string | null;
    reason: string | null;
    order_id: string | null;
  }[];
}

interface Options {
  file: string;
  /** The provider's API. */
  provider: string;
  providerKey: string;
  target: Pick<Target, "inbox" | "order">;
  /** `${order:…}` refers to it: `${order:id}`, `${order:payment.id}`. */
  order: string | null;
  env: Record<string, string | undefined>;
  waitMs: number;
}

const LOOK_EVERY_MS = 150;

/** Plays such a file at the provider, one request after the other, and waits until the service has heard of it. */
export async function playApiFixtures(fixtures: ApiFixtures, options: Options): Promise<ApiReplayReport> {
  const { provider, providerKey, target, order, waitMs } = options;
  const env = { ...options.env, ...fixtures.env };
  const answers = new Map<string, unknown>();
  if (order !== null) answers.set("order", await target.order(order));
  const before = new Set((await eventsOf(provider, providerKey)).map(({ id }) => id));
  const requests: ApiFixtureReport[] = [];
  for (const { name, path, method, params = {}, expected_error_type } of fixtures.fixtures) {
    const resolve = (text: string) => resolved(text, answers, env, `${options.file}: ${name}`);
    const url = new URL(provider.replace(/\/+$/, "") + resolve(path));
    const form = new URLSearchParams(formOf(params, resolve));
    const get = method === "GET";
    if (get) for (const [key, value] of form) url.searchParams.append(key, value);
    const { status, body } = await call(url, method, providerKey, get ? undefined : form);
    answers.set(name, body);
    const { id, error } = answerShape.parse(body);
    const said = error?.type ?? null;
    const ok = expected_error_type ? said === expected_error_type : status < 300;
    requests.push({ name, method, path: url.pathname, status, id: id ?? null, error: said, ok });
    if (!ok) break;
  }
  const events = await heard(before, options, waitMs);
  return {
    ok: requests.every(({ ok }) => ok) && events.every(({ state }) => state !== null),
    requests,
    events,
  };
}

const answerShape = z.looseObject({
  id: z.string().nullish(),
  error: z.looseObject({ type: z.string() }).nullish(),
});

async function call(
  url: URL,
  method: string,
  key: string,
  body: URLSearchParams | undefined,
): Promise<{ status: number; body: unknown }> {
  const headers = { authorization: `Bearer ${key}` };
  const response = await fetch(url, { method, headers, ...(body ? { body } : {}) }).catch(
    (cause: unknown) => {
      throw new UsageError(`no provider answers at ${url.origin}; name it with --provider`, { cause });
    },
  );
  return { status: response.status, body: await response.json() };
}

const eventsShape = z.object({ data: z.array(z.looseObject({ id: z.string(), type: z.string() })) });

const eventsOf = async (provider: string, key: string) =>
  eventsShape.parse((await call(new URL(`${provider}/v1/events?limit=100`), "GET", key, undefined)).body)
    .data;

/** Waits until each event that the requests made is in the inbox. */
async function heard(
  before: ReadonlySet<string>,
  { provider, providerKey, target }: Options,
  waitMs: number,
) {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const made = (await eventsOf(provider, providerKey)).filter(({ id }) => !before.has(id)).reverse();
    const received = await target.inbox(new Set(made.map(({ id }) => id)));
    if (made.every(({ id }) => received.has(id)) || Date.now() > deadline)
      return made.map(({ id, type }) => toldOf(id, type, received.get(id)));
    await sleep(LOOK_EVERY_MS);
  }
}

const toldOf = (event_id: string, type: string, received: ReceivedWebhook | undefined) => ({
  event_id,
  type,
  state: received?.state ?? null,
  reason: received?.reason ?? null,
  order_id: received?.order_id ?? null,
});

type Param = z.output<ReturnType<typeof z.json>>;

/** Parameters as Stripe's API takes them: `a[b]=…`, and arrays by number. */
function formOf(
  params: Record<string, Param>,
  resolve: (text: string) => string,
  prefix = "",
): [string, string][] {
  return Object.entries(params).flatMap(([key, value]): [string, string][] => {
    const name = prefix ? `${prefix}[${key}]` : key;
    if (Array.isArray(value)) return formOf(Object.fromEntries(value.entries()), resolve, name);
    if (typeof value === "object" && value !== null) return formOf(value, resolve, name);
    return [[name, value === null ? "" : resolve(String(value))]];
  });
}

/** Puts answers in place of `${name:path.to.field}` and the environment in place of `${.env:NAME|default}`. */
function resolved(
  text: string,
  answers: ReadonlyMap<string, unknown>,
  env: Record<string, string | undefined>,
  where: string,
): string {
  return text.replaceAll(
    /\$\{([^:}]+):([^|}]+)(?:\|([^}]*))?\}/g,
    (reference, name: string, path: string, other?: string) => {
      const value = name === ".env" ? env[path] : fieldOf(answers.get(name), path);
      const known = value ?? other;
      if (known === undefined)
        throw new UsageError(`${where}: ${reference} refers to what no request before it answered`);
      return known;
    },
  );
}

function fieldOf(answer: unknown, path: string): string | undefined {
  let value: unknown = answer;
  for (const key of path.replaceAll(/\[(\d+)\]/g, ".$1").split("."))
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}
