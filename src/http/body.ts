import type { Context } from "koa";
import getRawBody from "raw-body";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { pathText, UNKNOWN_FIELD } from "./validate.ts";

const JSON_LIMIT = 256 * 1024;
const FORM_LIMIT = 64 * 1024;
/** Far deeper than any request of ours, and far shallower than what hurts. */
const DEEPEST = 32;
/** A body has to arrive within this time. */
const SLOWEST_MS = 15_000;

const bodyTrouble = z.looseObject({ type: z.string(), status: z.number() });

/**
 * The body's bytes, at most `limit` of them, whatever Content-Length says.
 * @throws AppError `body_too_large`, `request_timeout`, or `invalid_request` for one that is cut short.
 */
export async function readBytes(ctx: Context, limit: number, withinMs = SLOWEST_MS): Promise<Buffer> {
  let slow: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<never>((_, reject) => {
    slow = setTimeout(() => reject(new AppError("request_timeout", slowBecause(withinMs))), withinMs);
  });
  try {
    const arriving = getRawBody(ctx.req, { limit, length: ctx.request.length ?? null });
    // One that breaks off after it was given up is nobody's concern any more.
    arriving.catch(() => undefined);
    return await Promise.race([arriving, tooSlow]);
  } catch (error) {
    // What is left of a refused body is not read: the connection cannot be used again.
    ctx.set("Connection", "close");
    if (error instanceof AppError) throw error;
    const trouble = bodyTrouble.safeParse(error).data;
    if (trouble?.type === "entity.too.large")
      throw new AppError("body_too_large", `The body may have at most ${limit} bytes.`, { cause: error });
    throw new AppError("invalid_request", "The body did not arrive as announced; send it again.", {
      cause: error,
    });
  } finally {
    clearTimeout(slow);
  }
}

const slowBecause = (withinMs: number): string =>
  `The body has to arrive within ${withinMs / 1000} s; send it again.`;

/** The JSON body; an empty one counts as `{}`, so that commands without fields need none. */
export async function readJson(ctx: Context): Promise<unknown> {
  const bytes = await readBytes(ctx, JSON_LIMIT);
  if (bytes.length === 0) return {};
  if (!ctx.is("application/json", "+json"))
    throw new AppError("unsupported_media_type", "Send the body as Content-Type: application/json.");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new AppError("invalid_json", "The body is not valid UTF-8.", { cause: error });
  }
  if (depthOf(text) > DEEPEST)
    throw new AppError("invalid_json", `The body is nested deeper than ${DEEPEST} levels.`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new AppError("invalid_json", error instanceof Error ? error.message : "The body is not JSON.", {
      cause: error,
    });
  }
  refusePrototype(json, []);
  return json;
}

/** No field of ours is called so, and what copies objects drops it silently or worse. */
function refusePrototype(json: unknown, at: PropertyKey[]): void {
  if (typeof json !== "object" || json === null) return;
  for (const [key, value] of Object.entries(json)) {
    const path = [...at, Array.isArray(json) ? Number(key) : key];
    if (key === "__proto__") {
      const field = { path: pathText(path), message: UNKNOWN_FIELD };
      throw new AppError("invalid_request", `${field.path}: ${field.message}`, { errors: [field] });
    }
    refusePrototype(value, path);
  }
}

/** The fields of a form as a browser posts it. */
export async function readForm(ctx: Context): Promise<Record<string, string>> {
  const bytes = await readBytes(ctx, FORM_LIMIT);
  if (bytes.length > 0 && !ctx.is("application/x-www-form-urlencoded"))
    throw new AppError("unsupported_media_type", "Send the form as application/x-www-form-urlencoded.");
  return Object.fromEntries(new URLSearchParams(bytes.toString("utf8")));
}

/** How deep brackets nest outside of strings, counted without recursion. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 92) i++;
      else if (char === 34) inString = false;
    } else if (char === 34) inString = true;
    else if (char === 123 || char === 91) deepest = Math.max(deepest, ++depth);
    else if (char === 125 || char === 93) depth--;
  }
  return deepest;
}
