import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { ZodType } from "zod";
import { loadKeys, publicKeyPem } from "../../src/audit/checkpoint-key.ts";
import { makeCheckpoints } from "../../src/audit/make-checkpoint.ts";
import { proveOrder } from "../../src/audit/prove.ts";
import { ENTRY_TYPES } from "../../src/contract/audit-entries/index.ts";
import { snippetsOf } from "../docs/snippets.ts";
import { drafts, openTrails, serveTrails } from "./trails.ts";

const DOCUMENT = resolve(import.meta.dirname, "../../docs/audit.md");
const BEGIN = "<!-- entry types: written by test/audit/docs.test.ts -->";
const END = "<!-- end of entry types -->";

/** The part of the page that lists the types; `UPDATE_DOCS=1 npx vitest run test/audit/docs.test.ts` writes it. */
const typesTable = (): string =>
  [
    "",
    "| type | says | actor | data |",
    "| ---- | ---- | ----- | ---- |",
    ...Object.entries(ENTRY_TYPES).map(([type, { says, actors, data }]) => {
      const fields = Object.entries(data.shape as Record<string, ZodType>).map(([name, schema]) =>
        schema.safeParse(undefined).success ? `\`${name}\`?` : `\`${name}\``,
      );
      return `| \`${type}\` | ${says} | ${actors.join(", ")} | ${fields.join(", ")} |`;
    }),
    "",
    "",
  ].join("\n");

/** A table is the same however its columns are aligned. */
const evenly = (table: string): string => table.trim().replace(/ +/g, " ").replace(/-+/g, "-");

test("the page lists every type of entry as the catalogue has it", async () => {
  const text = await readFile(DOCUMENT, "utf8");
  const [before = "", rest = ""] = text.split(BEGIN);
  const [table = "", after = ""] = rest.split(END);
  if (process.env["UPDATE_DOCS"])
    await writeFile(DOCUMENT, `${before}${BEGIN}\n${typesTable()}${END}${after}`);
  else expect(evenly(table)).toBe(evenly(typesTable()));
});

const run = promisify(execFile);

test("the verifier on the page proves a trail and its checkpoint without our code, and finds what was altered", async () => {
  const folder = await mkdtemp(join(tmpdir(), "countersign-docs-"));
  const trails = await openTrails();
  const server = await serveTrails(trails);
  try {
    const verifier = snippetsOf("audit.md").find(({ language }) => language === "js")?.text ?? "";
    expect(verifier.trimEnd().split("\n")).toHaveLength(25);
    const file = (name: string) => join(folder, name);
    await writeFile(file("verify.mjs"), verifier);
    const verify = (...names: string[]) =>
      run(process.execPath, [file("verify.mjs"), ...names.map(file)]).then(
        ({ stdout }) => stdout.trim(),
        (error: { stdout: string }) => error.stdout.trim(),
      );
    const ids = await Promise.all(Array.from({ length: 7 }, () => trails.newOrder()));
    for (const [n, id] of ids.entries()) await trails.append(id, drafts(n + 3));
    const keys = await loadKeys(null, folder);
    await makeCheckpoints({ pool: trails.pool, keys });
    await writeFile(file("key.pem"), publicKeyPem(keys[0]?.public ?? ""));
    for (const n of [0, 4, 6]) {
      const id = ids[n]!;
      const text = await (await server.get(`/v1/orders/${id}/audit?format=ndjson`)).text();
      await writeFile(file("trail.ndjson"), text);
      await writeFile(file("proof.json"), JSON.stringify(await proveOrder(trails.pool, id, null)));
      expect(await verify("trail.ndjson")).toMatch(new RegExp(`^valid: ${n + 3} entries`));
      expect(await verify("trail.ndjson", "proof.json", "key.pem")).toMatch(/^valid/);
      await writeFile(file("altered.ndjson"), text.replace("entry 1", "entry 2"));
      expect(await verify("altered.ndjson")).toBe("NOT valid: entry 1");
      await writeFile(file("cut.ndjson"), text.split("\n").slice(0, -2).join("\n"));
      expect(await verify("cut.ndjson", "proof.json", "key.pem")).toBe("NOT valid: the stated head");
      const proof = await readFile(file("proof.json"), "utf8");
      await writeFile(file("bad.json"), proof.replace(/"entries":\d+/, '"entries":1'));
      expect(await verify("trail.ndjson", "bad.json", "key.pem")).toBe("NOT valid: inclusion");
      await writeFile(file("bad.json"), proof.replace(/"size":7/, '"size":8'));
      expect(await verify("trail.ndjson", "bad.json", "key.pem")).toBe("NOT valid: signature");
    }
  } finally {
    await server.stop();
    await trails.end();
    await rm(folder, { recursive: true, force: true });
  }
});
