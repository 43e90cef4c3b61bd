import { buildConsole, buildConsoleIfChanged, canBuildConsole } from "./console.ts";

// After `npm ci` in a checkout: the console is there when the service starts. With `--anew` it is built in any case.
if (process.argv.includes("--anew")) await buildConsole();
else if (canBuildConsole()) await buildConsoleIfChanged();
