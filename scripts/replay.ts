import { CommanderError } from "commander";
import { replayCommand } from "./replay/command.ts";
import { UsageError } from "./replay/fixtures.ts";
import { TargetError } from "./replay/target.ts";

try {
  await replayCommand().exitOverride().parseAsync();
} catch (error) {
  // commander has said it itself
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof UsageError || error instanceof TargetError) {
    console.error(error.message);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  } else throw error;
}
