import { CountersignError, failureOf } from "./failure.ts";
import { pause, reasonOf, waitBeforeNext } from "./retry.ts";

export interface CountersignOptions {
  /** Where the service is, such as `https://orders.example.com`. */
  baseUrl: string;
  /** Sent as `Authorization: Bearer KEY`. It opens all that its role may do: do not give it to a customer's browser. */
  apiKey: string;
  /** For each try, from its beginning to the last byte of its answer. Default 30 s. */
  timeout_ms?: number;
  /** How often what may safely be sent again is sent again, after the first try. Default 3. */
  retries?: number;
  /** In place of the platform's own, for a proxy or for tests. */
  fetch?: typeof fetch;
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the call, and whatever it waits for, with the signal's reason. */
  signal?: AbortSignal | undefined;
  timeout_ms?: number | undefined;
  retries?: number | undefined;
}

/** What calls that make something take as well. */
export interface MakeOptions extends CallOptions {
  /**
   * What makes a repetition the same request: by default a random value that is kept over this call's retries. Give one of your own,
   * such as your purchase order's number, and it holds over a restart of your process too.
   */
  idempotencyKey?: string | undefined;
}

export type Query = Record<string, string | number | boolean | null | undefined>;

export interface Call {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  query?: Query | undefined;
  body?: unknown;
  idempotencyKey?: string;
  accept?: string;
  lastEventId?: string;
  /** A failing status whose answer is the answer all the same. */
  takes?: number;
}

const TIMEOUT_MS = 30_000;
const RETRIES = 3;
/** What a timer can hold; one that is set for longer ends at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A path whose parts are ids: `` at`/v1/orders/${id}` ``. What is no id is refused here, since it would lead elsewhere. */
export const at = (texts: TemplateStringsArray, ...ids: (string | number)[]): string =>
  texts.reduce((path, text, i) => `${path}${idPart(ids[i - 1] ?? "")}${text}`);

function idPart(id: string | number): string {
  if (!/^[\w.~-]+$/.test(String(id)) || /^\.+$/.test(String(id)))
    throw new TypeError(
      `${JSON.stringify(id)} is not an id; pass one that the service gave, such as order.id`,
    );
  return String(id);
}

/** 128 random bits. `randomUUID` would need a secure context in browsers. */
export const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Requests to the service, each sent again while that is safe and may help. */
export class Transport {
  private readonly base: string;
  private readonly apiKey: string;
  private readonly timeout_ms: number;
  readonly retries: number;
  private readonly fetch: typeof fetch;

  constructor(options: CountersignOptions) {
    const url = URL.canParse(options.baseUrl) ? new URL(options.baseUrl) : null;
    if (!url || !/^https?:$/.test(url.protocol))
      throw new TypeError("baseUrl: write the service's address, such as https://orders.example.com");
    if (!/^[\x21-\x7e]+$/.test(options.apiKey)) throw new TypeError("apiKey: write the key, without spaces");
    this.base = url.origin + url.pathname.replace(/\/+$/, "");
    this.apiKey = options.apiKey;
    this.timeout_ms = options.timeout_ms ?? TIMEOUT_MS;
    this.retries = options.retries ?? RETRIES;
    // A browser's fetch wants to be called as its own.
    this.fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** The answer's JSON; undefined for 204. @throws CountersignError, or the signal's reason */
  json<T>(call: Call, options: CallOptions = {}): Promise<T> {
    return this.send(call, options, async (response) => {
      const text = await response.text();
      if (response.status === 204) return undefined as T;
      try {
        return JSON.parse(text) as T;
      } catch (cause) {
        const message = `The answer to ${call.method} ${call.path} is not JSON: look at what stands before the service.`;
        throw new CountersignError(message, { code: "unexpected_answer", status: response.status, cause });
      }
    });
  }

  /** The answer as soon as it begins; `timeout_ms` holds until then. */
  open(call: Call, options: CallOptions = {}): Promise<Response> {
    return this.send(call, options, (response) => Promise.resolve(response));
  }

  private async send<T>(
    call: Call,
    { signal, timeout_ms = this.timeout_ms, retries = this.retries }: CallOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const repeatable = call.method === "GET" || call.method === "DELETE" || call.idempotencyKey !== undefined;
    for (let tries = 1; ; tries++) {
      try {
        return await this.try(call, { signal, timeout_ms }, read);
      } catch (error) {
        if (!(error instanceof CountersignError)) throw error;
        // The try before, whose answer was lost, did it.
        if (call.method === "DELETE" && tries > 1 && error.code === "not_found") return undefined as T;
        const wait = repeatable ? waitBeforeNext(error, { tries, retries, chance: Math.random() }) : null;
        if (wait === null) throw error;
        await pause(wait, signal);
      }
    }
  }

  private async try<T>(
    call: Call,
    { signal, timeout_ms }: { signal: AbortSignal | undefined; timeout_ms: number },
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), Math.min(timeout_ms, LONGEST_TIMER_MS));
    try {
      const response = await this.fetch(this.base + call.path + queryText(call.query), {
        method: call.method,
        headers: this.headersOf(call),
        // The key goes to nobody else.
        redirect: "error",
        signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      if (!response.ok && response.status !== call.takes) throw await failureOf(response);
      return await read(response);
    } catch (cause) {
      if (signal?.aborted) throw reasonOf(signal);
      if (cause instanceof CountersignError) throw cause;
      const what = `${call.method} ${this.base}${call.path}`;
      if (late.signal.aborted)
        throw new CountersignError(`${what}: no whole answer within ${timeout_ms} ms.`, {
          code: "timeout",
          cause,
        });
      throw new CountersignError(`${what}: no answer, or one that broke off; is the service there?`, {
        code: "connection_failed",
        cause,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  private headersOf({ body, accept, idempotencyKey, lastEventId }: Call): Record<string, string> {
    return {
      authorization: `Bearer ${this.apiKey}`,
      accept: accept ?? "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
    };
  }
}

function queryText(query: Query = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null) given.set(name, String(value));
  return given.size === 0 ? "" : `?${given.toString()}`;
}
