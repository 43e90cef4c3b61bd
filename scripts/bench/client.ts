import { Agent, request } from "node:http";

export interface Answer {
  status: number;
  text: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** A request over kept connections, with as little work on this side as Node's own client needs. */
export function send(
  method: string,
  url: string,
  { body, headers = {} }: { body?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        agent,
        headers: body === undefined ? headers : { "content-length": Buffer.byteLength(body), ...headers },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Sends JSON and reads JSON; anything but 2xx ends the benchmark. */
export async function json(method: string, url: string, body?: object, headers: Record<string, string> = {}) {
  const { status, text } = await send(method, url, {
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { authorization: "Bearer ck_dev", "content-type": "application/json", ...headers },
  });
  if (status < 200 || status > 299) throw new Error(`${method} ${url}: ${status} ${text.slice(0, 300)}`);
  const answer: unknown = text === "" ? null : JSON.parse(text);
  return answer;
}

export const closeClient = (): void => agent.destroy();
