#!/usr/bin/env node
import { existsSync } from "node:fs";

// In a checkout the sources run; the package has only what was built of them.
const sources = new URL("../src/cli/main.ts", import.meta.url);
if (existsSync(sources)) {
  const { register } = await import("tsx/esm/api");
  register();
  await import(sources.href);
} else {
  process.setSourceMapsEnabled(true);
  await import(new URL("../dist/service/cli.js", import.meta.url).href);
}
