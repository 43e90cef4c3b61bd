import { AppError } from "../errors.ts";

/** Where a command finds the service, and how it shows who it is. */
export interface Target {
  url: string;
  key: string;
}

/** One request to a running service. @throws AppError with the service's own words. */
export async function request<T>(
  { url, key }: Target,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new AppError(
      "internal",
      `no service answers at ${url}: start it with npm start, or name another with --url`,
      { cause: error },
    );
  }
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as T;
  const detail =
    typeof answer === "object" && answer !== null && "detail" in answer
      ? String(answer.detail)
      : response.statusText;
  throw new AppError(
    response.status === 404 ? "not_found" : "unprocessable",
    `${method} ${path}: ${response.status}: ${detail}`,
  );
}
