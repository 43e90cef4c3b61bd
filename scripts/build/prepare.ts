import { buildConsole, buildConsoleIfChanged, canBuildConsole } from "./console.ts";
import { buildServiceIfChanged, canBuildService } from "./service.ts";

// After `npm ci` in a checkout: the console is there when the service starts, and the service starts from what is built of it. With
// `--anew` the console is built in any case.
if (process.argv.includes("--anew")) await buildConsole();
else {
  if (canBuildService()) await buildServiceIfChanged();
  if (canBuildConsole()) await buildConsoleIfChanged();
}
