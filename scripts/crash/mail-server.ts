import { open } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";

// A mail server of its own process: `tsx scripts/crash/mail-server.ts PORT FILE`. A line a mail, on disk before the 250.

const [port = "0", file = "mails.ndjson"] = process.argv.slice(2);
const kept = await open(file, "a");

const server = new SMTPServer({
  disabledCommands: ["AUTH", "STARTTLS"],
  authOptional: true,
  disableReverseLookup: true,
  onData: (stream, session, done) => {
    const keep = async () => {
      const source = (await buffer(stream)).toString("base64");
      const to = session.envelope.rcptTo.map(({ address }) => address);
      await kept.appendFile(`${JSON.stringify({ to, source })}\n`);
      await kept.datasync();
    };
    keep().then(
      () => done(),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  },
});
server.on("error", () => undefined);
server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
