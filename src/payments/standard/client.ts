import { ProviderError } from "../provider.ts";
import { problemShape } from "./shapes.ts";

/** The provider's HTTP API: JSON both ways, a bearer key, and a `Request-Key` on everything that changes something. */
export interface Client {
  get(path: string): Promise<unknown>;
  post(path: string, body: Record<string, unknown>, key: string): Promise<unknown>;
}

const TIMEOUT_MS = 20_000;
const MOST_BYTES = 1024 * 1024;

/** @throws ProviderError (every call): what may pass later is retried, what the provider refuses is not */
export function createClient({ apiKey, apiBase }: { apiKey: string; apiBase: string }): Client {
  const base = apiBase.replace(/\/+$/, "");

  async function send(path: string, init: RequestInit): Promise<unknown> {
    let status: number;
    let text: string;
    try {
      const response = await fetch(base + path, {
        ...init,
        headers: { authorization: `Bearer ${apiKey}`, accept: "application/json", ...init.headers },
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      status = response.status;
      text = await response.text();
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new ProviderError(`the provider cannot be reached: ${message}`, {
        code: "connection",
        retry: true,
        cause,
      });
    }
    const json = jsonOf(text);
    if (status >= 200 && status < 300 && json !== undefined) return json;
    throw refusalOf(status, json);
  }

  return {
    get: (path) => send(path, { method: "GET" }),
    post: (path, body, key) =>
      send(path, {
        method: "POST",
        headers: { "content-type": "application/json", "request-key": key },
        body: JSON.stringify(body),
      }),
  };
}

function jsonOf(text: string): unknown {
  if (text.length > MOST_BYTES) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusalOf(status: number, json: unknown): ProviderError {
  const problem = problemShape.safeParse(json).data?.problem;
  // 409 `busy` is another call with our key still running; 401 and 403 are a configuration that an operator mends.
  const later = status < 400 || status >= 500 || [401, 403, 408, 429].includes(status);
  const code = status === 404 ? "resource_missing" : (problem?.code ?? `http_${status}`);
  return new ProviderError(problem?.text ?? `the provider answered ${status} with nothing that makes sense`, {
    code,
    retry: later || code === "busy",
  });
}
