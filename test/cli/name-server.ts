import { createSocket } from "node:dgram";
import { once } from "node:events";

/** Records by `TYPE name`, such as `MX example.com`: the text of a TXT, a server's name, an IPv4 address. */
export type Zone = Record<string, string[]>;

const TYPES: Record<number, string> = { 1: "A", 15: "MX", 16: "TXT", 28: "AAAA" };

/** A name server on this machine that knows a few names, and that all others do not exist (RFC 1035, 4). */
export async function startNameServer(zone: Zone): Promise<{ address: string; stop: () => Promise<void> }> {
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => socket.send(answer(query, zone), from.port, from.address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    async stop() {
      socket.close();
      await once(socket, "close");
    },
  };
}

function answer(query: Buffer, zone: Zone): Buffer {
  const { name, end } = nameAt(query, 12);
  const question = query.subarray(12, end + 4);
  const type = query.readUInt16BE(end);
  const records = zone[`${TYPES[type]} ${name}`] ?? [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  const isKnown = Object.keys(zone).some((key) => key.endsWith(` ${name}`));
  header.writeUInt16BE(0x8580 | (isKnown ? 0 : 3), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  const answers = records.map((text) => {
    const data = encoded(type, text);
    const record = Buffer.alloc(12);
    // The name is that of the question.
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(60, 6);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([header, question, ...answers]);
}

function nameAt(message: Buffer, at: number): { name: string; end: number } {
  const labels: string[] = [];
  let next = at;
  for (let length = message[next] ?? 0; length > 0; length = message[next] ?? 0) {
    labels.push(message.toString("latin1", next + 1, next + 1 + length));
    next += length + 1;
  }
  return { name: labels.join(".").toLowerCase(), end: next + 1 };
}

const labelled = (text: string): Buffer =>
  Buffer.concat([
    ...text
      .split(".")
      .filter(Boolean)
      .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);

function encoded(type: number, text: string): Buffer {
  if (TYPES[type] === "A") return Buffer.from(text.split(".").map(Number));
  if (TYPES[type] === "MX") {
    const [priority = "10", server = ""] = text.split(" ");
    return Buffer.concat([Buffer.from([0, Number(priority)]), labelled(server)]);
  }
  const pieces = text.match(/.{1,255}/g) ?? [""];
  return Buffer.concat(
    pieces.map((piece) => Buffer.concat([Buffer.from([piece.length]), Buffer.from(piece)])),
  );
}
