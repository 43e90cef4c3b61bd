import { join } from "node:path";

/** What Node runs as one of our processes: the service as it is shipped, built once for the whole run. */
export const builtEntry = (name: "main" | "cli" | "mock-provider"): string[] => {
  const folder = process.env["COUNTERSIGN_BUILT"];
  if (folder === undefined)
    throw new Error("COUNTERSIGN_BUILT is not set: the global setup builds the service");
  return ["--enable-source-maps", join(folder, `${name}.js`)];
};
