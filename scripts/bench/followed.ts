import { get } from "node:http";
import { createParser } from "eventsource-parser";

/** One who follows a trail over server-sent events. */
export interface Followed {
  /** The trail was closed. */
  ended: Promise<void>;
}

/** @returns once the connection stands and it has been sent something */
export function follow(url: string, heard: (seq: number) => void): Promise<Followed> {
  return new Promise((opened, failed) => {
    const headers = { authorization: "Bearer ck_dev", accept: "text/event-stream" };
    get(url, { headers, agent: false }, (response) => {
      const ended = new Promise<void>((end) => {
        const parser = createParser({
          onEvent: ({ event, id }) => {
            if (event === "audit") heard(Number(id));
            if (event === "end") end();
          },
        });
        response.setEncoding("utf8").on("data", (chunk: string) => {
          parser.feed(chunk);
          opened({ ended });
        });
        response.on("close", end);
      });
    }).on("error", failed);
  });
}
