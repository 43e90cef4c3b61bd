import { buildService } from "./service.ts";

/** Builds the service into `dist/service`, as the package ships it. */
await buildService();
