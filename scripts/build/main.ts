import { join, resolve } from "node:path";
import { buildService } from "./service.ts";

/** Builds the service into `dist/service`, as the package ships it. */
await buildService(join(resolve(import.meta.dirname, "../.."), "dist/service"));
