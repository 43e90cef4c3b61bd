import { parseArgs } from "node:util";
import { createLog } from "../log.ts";
import { AppError } from "../errors.ts";
import { startMockProvider } from "./server.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "4242" },
    host: { type: "string", default: "127.0.0.1" },
    "data-dir": { type: "string", default: ".data/provider" },
    "public-url": { type: "string" },
    "webhook-url": { type: "string" },
    "webhook-secret": { type: "string", default: "whsec_dev" },
    "webhook-account": { type: "string", default: "sk_test_mock" },
    "log-level": { type: "string", default: "info" },
    "compact-after": { type: "string" },
    "with-parent": { type: "boolean", default: false },
  },
});

const webhookUrl = values["webhook-url"];
const provider = await startMockProvider({
  port: Number(values.port),
  host: values.host,
  dataDir: values["data-dir"],
  log: createLog(values["log-level"]),
  ...(values["public-url"] === undefined ? {} : { publicUrl: values["public-url"] }),
  ...(values["compact-after"] === undefined ? {} : { compactAfter: Number(values["compact-after"]) }),
  ...(webhookUrl === undefined
    ? {}
    : { webhook: { url: webhookUrl, secret: values["webhook-secret"], account: values["webhook-account"] } }),
}).catch((error: unknown) => {
  // What somebody can mend is said in a line.
  if (!(error instanceof AppError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});

let stopping = false;
const stop = () => {
  if (stopping) return;
  stopping = true;
  void provider.stop().then(() => process.exit(0));
};
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
if (values["with-parent"]) {
  // The parent holds the other end of stdin: when it dies, however it dies, this end closes.
  process.stdin.resume();
  process.stdin.once("end", stop);
  process.stdin.once("close", stop);
  process.stdin.once("error", stop);
}
process.stdout.write(`${JSON.stringify({ ready: true, url: provider.url })}\n`);
