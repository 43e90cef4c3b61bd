import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface Balancer {
  url: string;
  stop(): Promise<void>;
}

/** One address for several processes, as a load balancer gives them: each connection goes to the next that listens. */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    open.add(client);
    client.on("close", () => open.delete(client)).on("error", () => client.destroy());
    const first = turn++;
    const tryFrom = (attempt: number): void => {
      const port = ports[(first + attempt) % ports.length];
      if (attempt === ports.length || port === undefined) return void client.destroy();
      const service = connect(port, "127.0.0.1");
      const refused = () => tryFrom(attempt + 1);
      service.once("error", refused).once("connect", () => {
        service.off("error", refused).on("error", () => client.destroy());
        client.on("close", () => service.destroy());
        service.on("close", () => client.destroy());
        client.pipe(service).pipe(client);
      });
    };
    tryFrom(0);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
