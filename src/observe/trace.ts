import {
  context,
  isSpanContextValid,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
} from "@opentelemetry/api";

/**
 * Where something stands in a trace, as one line: the header `traceparent` of https://www.w3.org/TR/trace-context/. It goes with
 * messages and is kept with orders, so that what happens weeks later can name what began it.
 */
export type Traceparent = string;

interface SpanOptions {
  kind?: "internal" | "server" | "client";
  attributes?: Attributes;
  /** What this is part of; what is under way where it is called when absent. */
  parent?: Traceparent | undefined;
  /** What it follows from, without being part of it. */
  links?: readonly (Traceparent | undefined)[];
}

const KIND = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT };

/** Runs `work` as a span. Where traces are off this is `work()`, and costs next to nothing. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const started = startSpan(name, options);
  try {
    return await context.with(started.context, () => work(started.span));
  } catch (error) {
    fail(started.span, error);
    throw error;
  } finally {
    started.span.end();
  }
}

/** A span that its caller ends. */
export function startSpan(
  name: string,
  { kind = "internal", attributes = {}, parent, links = [] }: SpanOptions,
): { span: Span; context: Context } {
  const above = parent === undefined ? context.active() : contextOf(parent);
  const span = trace
    .getTracer("countersign")
    .startSpan(name, { kind: KIND[kind], attributes, links: links.flatMap(linkTo) }, above);
  return { span, context: trace.setSpan(context.active(), span) };
}

/** The kind of error alone: its message may hold what somebody typed. */
export function fail(span: Span, error: unknown): void {
  const type = error instanceof Error ? error.name : typeof error;
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
  span.setAttribute("error.type", type);
}

/** Runs `work` as part of what `parent` names. */
export const within = <T>(parent: Traceparent | undefined, work: () => T): T =>
  parent === undefined ? work() : context.with(contextOf(parent), work);

/** Where the code that calls this stands; undefined where traces are off. */
export function currentTrace(): Traceparent | undefined {
  const span = trace.getActiveSpan();
  return span && traceparentOf(span);
}

/** Undefined where traces are off. */
export function traceparentOf(span: Span): Traceparent | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return isSpanContextValid(span.spanContext())
    ? `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`
    : undefined;
}

/** A message as it is stored: what it comes from goes with it, and is taken off before it is decided. */
export const traced = (message: object, trace: Traceparent | undefined): string =>
  JSON.stringify(trace === undefined ? message : { ...message, trace });

/** Section 3.2 of the recommendation: later versions may say more, and begin with the same. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;

/** Null for what is none. */
export function readTraceparent(text: string | undefined) {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  const read = { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(read) ? read : null;
}

function contextOf(parent: Traceparent): Context {
  const read = readTraceparent(parent);
  const outside = trace.deleteSpan(context.active());
  return read ? trace.setSpanContext(outside, read) : outside;
}

function linkTo(traceparent: Traceparent | undefined): Link[] {
  const read = readTraceparent(traceparent);
  return read ? [{ context: read }] : [];
}
