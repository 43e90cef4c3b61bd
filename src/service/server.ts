import type { RequestListener, Server } from "node:http";
import { Server as NetServer, type AddressInfo } from "node:net";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";

/**
 * The port is open before the parts have started: who comes early waits for them. Only whether the process lives is answered at
 * once, or whoever watches over it would take a long start for a dead process.
 * @returns what to call with the handler of all requests, once there is one
 */
export function serveOnce(server: Server): (handle: RequestListener) => void {
  let handle: RequestListener | null = null;
  const early: (() => void)[] = [];
  server.on("request", (request, response) => {
    if (handle) return void handle(request, response);
    if (request.url === "/healthz" && request.method === "GET")
      return void response.setHeader("Content-Type", "application/json").end('{"status":"ok"}');
    early.push(() => handle?.(request, response));
  });
  return (built) => {
    handle = built;
    for (const serve of early.splice(0)) serve();
  };
}

/** @returns the port */
export function listen(server: Server, { port, host }: Config): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(
        taken
          ? new AppError("conflict", `PORT: port ${port} is taken; set another, such as PORT=${port + 1}`, {
              cause: error,
            })
          : error,
      );
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Longer than any request waits for something to happen. */
const CLOSE_WITHIN_MS = 12_000;
const IDLE_EVERY_MS = 300;

/**
 * Takes no more connections; ends each when its request is answered, and what is left after a while. It closes only right
 * after it has looked at what has arrived (`setImmediate` runs then, a timer before), and gives a connection that was only
 * just made time for its request: a client whose request is on its way would find its connection reset.
 */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // One that was busy is idle as soon as it is answered, and would be kept open for the next request.
    const idle = setInterval(() => setImmediate(() => server.closeIdleConnections()), IDLE_EVERY_MS);
    const done = () => {
      clearInterval(idle);
      clearTimeout(late);
      server.closeAllConnections();
      resolve();
    };
    const late = setTimeout(done, CLOSE_WITHIN_MS);
    // Not the HTTP server's own way, which closes what is idle at once.
    setImmediate(() => NetServer.prototype.close.call(server, done));
  });
}
