// Runs one command line after the other in one process: a process for each would cost a second of CPU each.
// node cli-host.js CLI.js SOCKET; a request's body is the folder and the arguments, each ended by NUL; the answer's first line is
// the exit code.
import { createServer } from "node:http";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const [, , cli, socket] = process.argv;
const write = {
  out: process.stdout.write.bind(process.stdout),
  err: process.stderr.write.bind(process.stderr),
  exit: process.exit,
};
let commands = 0;

class Exit extends Error {}

async function run(folder, args) {
  let output = "";
  let code = null;
  const take = (text, encoding, done) => {
    // What is said behind the end is about our way of ending.
    if (code === null) output += String(text);
    (typeof encoding === "function" ? encoding : done)?.();
    return true;
  };
  process.chdir(folder);
  process.argv = [process.execPath, cli, ...args];
  process.exitCode = undefined;
  process.stdout.write = take;
  process.stderr.write = take;
  process.exit = (wanted) => {
    code ??= wanted ?? process.exitCode ?? 0;
    throw new Exit();
  };
  try {
    // The entry is evaluated anew; what it imports is there already.
    await import(`${pathToFileURL(cli).href}?command=${++commands}`);
    code ??= process.exitCode ?? 0;
  } catch (error) {
    if (!(error instanceof Exit)) {
      output += error.stack;
      code ??= 1;
    }
  }
  process.exitCode = undefined;
  process.stdout.write = write.out;
  process.stderr.write = write.err;
  return `${code}\n${output}`;
}

let last = Promise.resolve();
createServer((request, response) => {
  last = last.then(async () => {
    const [folder, ...args] = (await buffer(request)).toString().split("\0").slice(0, -1);
    response.end(await run(folder, args));
  });
}).listen(socket, () => write.out("listening\n"));
process.on("SIGTERM", () => write.exit(0));
