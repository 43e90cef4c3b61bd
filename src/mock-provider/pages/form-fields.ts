import type { RouterContext } from "@koa/router";
import getRawBody from "raw-body";
import { decodeForm } from "../form.ts";

/** The fields of a submitted form that are plain text. */
export async function formFields(ctx: RouterContext): Promise<Record<string, string>> {
  const form = decodeForm(await getRawBody(ctx.req, { limit: "64kb", encoding: "utf8" }));
  return Object.fromEntries(
    Object.entries(form).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
  );
}

/** Sends the browser on, with a GET. */
export function go(ctx: RouterContext, url: string): void {
  ctx.redirect(url);
  ctx.status = 303;
}
