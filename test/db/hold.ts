// Holds an embedded server in a process of its own: says where it is, and stops it when its input ends.
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";

const [dataDir = ""] = process.argv.slice(2);
try {
  const server = await startEmbeddedPostgres({ dataDir, durable: false });
  console.log(JSON.stringify({ url: server.url, pid: server.pid }));
  process.stdin.resume().once("end", () => void server.stop());
} catch (error) {
  console.log(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
}
