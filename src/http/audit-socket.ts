import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import type { TrailFeed } from "../audit/feed.ts";
import { viewText, type View } from "../audit/personal.ts";
import { getTrailHead } from "../db/audit-index.ts";
import { isConnectionError, type Pool } from "../db/pool.ts";
import { inTenant } from "../db/tenant-scope.ts";
import type { Role } from "../domain/role.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { admission } from "./admitted.ts";
import { isOrderId } from "./audit-query.ts";
import { followAs } from "./audit-stream.ts";
import type { Authenticate } from "./auth.ts";

export interface AuditSocketDeps {
  pool: Pool;
  feed: TrailFeed;
  /** Brings an archived trail back before it is read. */
  restore: (order: { tenant: string; id: string }) => Promise<void>;
  authenticate: Authenticate;
  log: Log;
}

const PING_MS = 15_000;
const STALLED_MS = 30_000;

/**
 * Close codes (RFC 6455, section 7.4.1): the trail is closed; the service stops; the client may not read on; the client was too slow
 * and comes back.
 */
const CLOSE = { end: 1000, goingAway: 1001, refused: 1008, failed: 1011, tryAgain: 1013 } as const;

/**
 * Handles the upgrade of `/v1/orders/:id/audit/stream`: one message per entry, its JSON. Resumes with `?after_seq=`.
 * @returns false when the request is for another path; then nothing was done with it.
 */
export function auditSocket(
  deps: AuditSocketDeps,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean {
  const server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: 1_024 });
  return (request, socket, head) => {
    const [, orderId] = /^\/v1\/orders\/([^/?]+)\/audit\/stream(?:\?|$)/.exec(request.url ?? "") ?? [];
    if (orderId === undefined) return false;
    socket.on("error", () => socket.destroy());
    accept(deps, request, orderId).then(
      (follow) => server.handleUpgrade(request, socket, head, (client) => void serve(client, deps, follow)),
      (error: unknown) => refuse(socket, appErrorOf(error, deps.log), request),
    );
    return true;
  };
}

interface Follow {
  request: IncomingMessage;
  tenant: string;
  role: Role;
  orderId: string;
  after: number;
  view: View;
}

async function accept(
  { pool, authenticate, restore }: AuditSocketDeps,
  request: IncomingMessage,
  orderId: string,
): Promise<Follow> {
  const caller = await authenticate(request);
  if (!caller) throw new AppError("unauthorized", "Send the header Authorization: Bearer KEY.");
  const { searchParams } = new URL(request.url ?? "", "http://localhost");
  const { after, view } = followAs(Object.fromEntries(searchParams), "");
  const { tenant, role } = caller;
  const found = isOrderId(orderId) && (await inTenant(tenant, () => getTrailHead(pool, tenant, orderId)));
  if (!found) throw new AppError("not_found", `There is no order ${orderId.slice(0, 64)}.`);
  if (found.away) await restore({ tenant, id: orderId });
  return { request, tenant, role, orderId, after, view };
}

function appErrorOf(error: unknown, log: Log): AppError {
  if (error instanceof AppError) return error;
  if (isConnectionError(error))
    return new AppError("database_unavailable", "The database cannot be reached right now.", {
      retryAfter: 2,
    });
  log.error({ err: error }, "a WebSocket could not be opened");
  return new AppError("internal", "The error is logged.");
}

function refuse(socket: Duplex, error: AppError, request: IncomingMessage): void {
  const body = JSON.stringify(error.toProblem(request.url?.split("?", 1)[0]));
  const headers = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ""}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    ...(error.code === "unauthorized" ? ['WWW-Authenticate: Bearer realm="countersign"'] : []),
    ...(error.retryAfter === undefined ? [] : [`Retry-After: ${error.retryAfter}`]),
  ];
  socket.end(`${headers.join("\r\n")}\r\n\r\n${body}`);
}

async function serve(
  client: WebSocket,
  { feed, authenticate, log }: AuditSocketDeps,
  follow: Follow,
): Promise<void> {
  const gone = new AbortController();
  client.once("close", () => gone.abort());
  client.on("error", () => client.terminate());
  const stopPings = keepAlive(client);
  const { request, tenant, orderId, after, view } = follow;
  const over = admission(authenticate, request, follow, gone.signal);
  const signal = AbortSignal.any([gone.signal, over]);
  try {
    for await (const event of feed.follow(tenant, orderId, { after, signal })) {
      if (event.type === "entry") await send(client, viewText(event, view));
      else if (event.type === "end") return client.close(CLOSE.end, "end");
      else return client.close(CLOSE.tryAgain, `resync after_seq=${event.after}`);
    }
    if (over.aborted) client.close(CLOSE.refused, "the key or session is not good any more");
    else client.close(CLOSE.goingAway, "the service is stopping");
  } catch (error) {
    if (!gone.signal.aborted)
      log.warn({ err: error, order_id: orderId }, "a WebSocket of audit entries broke off");
    client.close(CLOSE.failed, "come back with after_seq");
  } finally {
    stopPings();
  }
}

/** Resolves when the message is on its way, so that nobody is sent more than they read. */
function send(client: WebSocket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const stalled = setTimeout(() => client.terminate(), STALLED_MS);
    client.send(text, (error) => {
      clearTimeout(stalled);
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Pings, and ends a connection whose other side has not answered since the last one. */
function keepAlive(client: WebSocket): () => void {
  let alive = true;
  client.on("pong", () => {
    alive = true;
  });
  const timer = setInterval(() => {
    if (!alive) return client.terminate();
    alive = false;
    client.ping();
  }, PING_MS);
  client.once("close", () => clearInterval(timer));
  return () => clearInterval(timer);
}
