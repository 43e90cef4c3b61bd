import { Command, InvalidArgumentError } from "commander";
import { startStandardProvider } from "./standard-provider/server.ts";

const port = (text: string): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new InvalidArgumentError("write a port from 0 to 65535");
  return number;
};

interface Options {
  port: number;
  apiKey: string;
  webhookUrl: string;
  webhookSecret: string;
}

const {
  port: wanted,
  apiKey,
  webhookUrl,
  webhookSecret,
} = new Command("standard-provider")
  .description("Runs the fake of docs/providers.md, in memory, until it is interrupted.")
  .option("--port <port>", "where it listens", port, 4343)
  .option("--api-key <key>", "the merchant's key", "key_test")
  .option("--webhook-url <url>", "where webhooks go", "http://127.0.0.1:3000/webhooks/standard")
  .option("--webhook-secret <secret>", "signs them", "whsec_Y291bnRlcnNpZ24tc3RhbmRhcmQtZmFrZQ==")
  .parse()
  .opts<Options>();

const provider = await startStandardProvider({
  port: wanted,
  apiKey,
  endpoint: { url: webhookUrl, secret: webhookSecret },
});
console.log(`Standard provider: ${provider.url}

Start the service with it:
PAYMENT_PROVIDER=standard STANDARD_API_BASE=${provider.url} STANDARD_API_KEY=${apiKey} \\
  STANDARD_WEBHOOK_SECRETS=${webhookSecret} npm start`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void provider.stop());
