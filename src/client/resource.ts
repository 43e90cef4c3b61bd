import type { Transport } from "./transport.ts";

/** One kind of thing that the service has, and the requests about it. */
export abstract class Resource {
  protected readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }
}
