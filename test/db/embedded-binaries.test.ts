import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findBinaries } from "../../src/db/embedded-binaries.ts";

const scratch = mkdtempSync(join(tmpdir(), "countersign-binaries-"));
chmodSync(scratch, 0o755);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const postgres = findBinaries(undefined, []).postgres;
const installed = dirname(dirname(postgres));
const links = existsSync(join(installed, "pg-symlinks.json"));

/** The package as npm unpacks it: links are not packed, the install script makes them. */
function unpack(name: string): string {
  const root = join(scratch, name, "native");
  cpSync(installed, root, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !lstatSync(source).isSymbolicLink(),
  });
  return root;
}

test("an install without scripts gets its libraries' links at the first start", () => {
  if (!links) return console.log("not tried: the package of this platform has no links");
  const root = unpack("unlinked");
  expect(findBinaries(undefined, [], { root, version: "test" }).postgres).toBe(join(root, "bin", "postgres"));
});

test("programs that the account cannot reach are copied to where it can, once", () => {
  if (process.getuid?.() !== 0) return console.log("not tried: it takes root");
  const root = unpack("private");
  chmodSync(join(scratch, "private"), 0o700);
  const place = join(scratch, "cache");
  const account = { uid: 65534, gid: 65534 };

  const expected = join(place, "postgresql-test", "native", "bin", "postgres");
  expect(findBinaries(account, [place], { root, version: "test" }).postgres).toBe(expected);
  const made = lstatSync(expected).ctimeMs;
  expect(findBinaries(account, [place], { root, version: "test" }).postgres).toBe(expected);
  expect(lstatSync(expected).ctimeMs).toBe(made);
  expect(() => findBinaries(account, [], { root, version: "test" })).toThrow(/cannot be run .*npm ci/);
});

test("a copy that others could have changed is not run", () => {
  if (process.getuid?.() !== 0) return console.log("not tried: it takes root");
  const root = unpack("private-too");
  chmodSync(join(scratch, "private-too"), 0o700);
  const place = join(scratch, "anybodys");
  mkdirSync(join(place, "postgresql-test", "native"), { recursive: true });
  chmodSync(place, 0o777);
  expect(() => findBinaries({ uid: 65534, gid: 65534 }, [place], { root, version: "test" })).toThrow(
    /not ours alone/,
  );
});
