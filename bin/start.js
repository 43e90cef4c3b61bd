import { run } from "./run.js";

// What `npm start` runs.
await run("main");
