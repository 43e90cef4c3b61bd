import { relative } from "node:path";
import { buildClient, CLIENT } from "./build/client.ts";

await buildClient();
console.log(`built ${relative(process.cwd(), CLIENT)}`);
