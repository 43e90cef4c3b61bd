import { readFileSync, readdirSync, existsSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

/**
 * Who may import whom: a folder of `src` (or a file at its top), and what its files may import beside each other.
 * `a` is everything in folder a, `a/b` the file or folder b of it, `type:a` only types.
 */
const MAY_IMPORT: Record<string, string> = {
  "errors.ts": "",
  "log.ts": "",
  "ids.ts": "",
  "package.ts": "",
  "seal.ts": "",
  "config.ts": "config",
  config: "package.ts domain db/servers",
  domain: "",
  contract: "domain errors.ts",
  db: "domain contract seal.ts errors.ts log.ts ids.ts type:config.ts",
  payments: "domain contract errors.ts log.ts ids.ts type:config.ts",
  mail: "domain contract errors.ts log.ts ids.ts type:config.ts",
  audit: "domain contract db errors.ts log.ts ids.ts type:config.ts",
  // Metrics, traces and health: what they count is told by those who do it.
  observe: "domain type:db/backlog type:mail/transport payments/provider errors.ts log.ts type:config.ts",
  engine: "domain db seal.ts observe/trace errors.ts log.ts ids.ts type:config.ts",
  outbound: "domain seal.ts observe/trace errors.ts log.ts ids.ts",
  workflows:
    "domain engine observe payments mail outbound seal.ts db audit errors.ts log.ts ids.ts type:config.ts",
  inbox: "domain payments engine observe db errors.ts log.ts ids.ts type:config.ts",
  access: "domain db mail errors.ts log.ts ids.ts type:config.ts",
  archive: "domain audit db engine errors.ts log.ts ids.ts type:config.ts",
  reconcile: "domain payments engine inbox mail db errors.ts log.ts ids.ts type:config.ts",
  http: "access contract domain observe inbox audit db engine/messages engine/submit engine/wakeups engine/reads type:payments/webhook-source mail outbound/send type:seal.ts errors.ts log.ts ids.ts type:config.ts",
  "mock-provider": "errors.ts log.ts ids.ts",
  client: "type:contract",
  // The pages say things in the same words as mails, trails and terminals.
  console: "type:contract domain/money domain/role audit/sentences audit/tone",
  cli: "*",
  "service.ts": "*",
  service: "*",
  "main.ts": "*",
};

/** Packages that only these may import; the folder's own subfolders count. */
const ONLY: Record<string, string[]> = {
  "@dbos-inc/dbos-sdk": ["engine"],
  stripe: ["payments/stripe", "mock-provider"],
  // A judge of our own check, in tests alone.
  "@adyen/api-library": [],
};

/** The domain is pure: libraries that compute, and hashing. */
const PURE = ["canonicalize", "@date-fns/tz", "zod", "yaml", "node:crypto"];

const CATCH_ALL = /(^|[-.])(utils?|helpers?|common|managers?)([-.]|$)/;

interface Import {
  /** As written. */
  specifier: string;
  /** Path below `src` of a file of ours. */
  target: string | undefined;
  typeOnly: boolean;
}

interface Source {
  /** Path below `src`, with forward slashes. */
  path: string;
  text: string;
  imports: Import[];
}

const SRC = resolve(import.meta.dirname, "../src");

const sources: Source[] = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name))
  .map(readSource);

test("imports go one way", () => {
  const broken = sources.flatMap((source) =>
    source.imports
      .filter(({ target, typeOnly }) => target !== undefined && !mayImport(source.path, target, typeOnly))
      .map(({ target, typeOnly }) => {
        const unit = unitOf(source.path);
        const rule =
          MAY_IMPORT[unit] === undefined ? "has no rule yet" : `may import: ${MAY_IMPORT[unit] || "nothing"}`;
        return `src/${source.path} imports ${typeOnly ? "types of " : ""}src/${target}, but ${unit} ${rule}`;
      }),
  );
  expect(broken).toEqual([]);
});

test("a package that only one folder knows is imported there alone", () => {
  const broken = sources.flatMap((source) =>
    source.imports.flatMap(({ specifier }) => {
      const only = ONLY[packageOf(specifier)];
      return only === undefined || only.some((place) => within(source.path, place))
        ? []
        : [`src/${source.path} imports ${specifier}, which only ${only.join(" and ") || "tests"} may`];
    }),
  );
  expect(broken).toEqual([]);
});

test("the domain is pure", () => {
  const domain = sources.filter(({ path }) => within(path, "domain"));
  const impure = domain.flatMap(({ path, imports, text }) => [
    ...imports
      .filter(({ target, specifier }) => target === undefined && !PURE.includes(specifier))
      .map(({ specifier }) => `src/${path} imports ${specifier}; the domain may import ${PURE.join(", ")}`),
    ...(text.match(/\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\brandom(Bytes|UUID|Int)\(/g) ?? []).map(
      (call) => `src/${path} calls ${call}…; time and chance are handed to the domain`,
    ),
  ]);
  expect(impure).toEqual([]);
});

test("only config.ts reads the environment", () => {
  const readers = sources
    .filter(
      ({ path, text }) =>
        path !== "config.ts" && /\bprocess\s*(\.\s*env\b|\[\s*["']env["'])|\bimport\.meta\.env\b/.test(text),
    )
    .map(({ path }) => `src/${path} reads process.env; take a value from config.ts instead`);
  expect(readers).toEqual([]);
});

// types are erased, so they cannot be loaded too early
test("no file imports itself by way of others", () => {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const settled = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0)
      return void cycles.push([...trail.slice(start), path].map((step) => `src/${step}`).join(" → "));
    if (settled.has(path)) return;
    for (const { target, typeOnly } of byPath.get(path)?.imports ?? [])
      if (target !== undefined && !typeOnly) visit(target, [...trail, path]);
    settled.add(path);
  };
  for (const { path } of sources) visit(path, []);
  expect(cycles).toEqual([]);
});

test("every import of ours names a file that exists, with its ending", () => {
  const missing = sources.flatMap(({ path, imports }) =>
    imports
      .filter(({ target }) => target !== undefined && !existsSync(join(SRC, target)))
      .map(({ specifier }) => `src/${path} imports ${specifier}`),
  );
  expect(missing).toEqual([]);
});

test("no file is named for holding anything", () => {
  const named = sources
    .filter(({ path }) => CATCH_ALL.test(basename(path)))
    .map(({ path }) => `src/${path}: name what it holds`);
  expect(named).toEqual([]);
});

function mayImport(from: string, target: string, typeOnly: boolean): boolean {
  const unit = unitOf(from);
  if (unitOf(target) === unit) return true;
  const rules = MAY_IMPORT[unit]?.split(" ") ?? [];
  return rules.some((rule) => {
    if (rule === "*") return true;
    if (rule.startsWith("type:")) return typeOnly && within(target, rule.slice("type:".length));
    return within(target, rule);
  });
}

/** `http` of `http/orders.ts`, and `service.ts` of itself. */
function unitOf(path: string): string {
  return path.split("/", 1)[0] ?? path;
}

/** Is the file this place, or below it? A place is a folder, a file, or a file without its ending. */
function within(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`) || path.replace(/\.tsx?$/, "") === place;
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function readSource(name: string): Source {
  const path = name.split(sep).join("/");
  const text = readFileSync(join(SRC, name), "utf8");
  const imports: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    imports.push({ specifier: specifier.text, target: targetOf(path, specifier.text), typeOnly });
  };
  const walk = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, onlyTypes(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    ts.forEachChild(node, walk);
  };
  walk(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return { path, text, imports };
}

function onlyTypes(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  return (
    !clause.name &&
    named !== undefined &&
    ts.isNamedImports(named) &&
    named.elements.length > 0 &&
    named.elements.every(({ isTypeOnly }) => isTypeOnly)
  );
}

/** Undefined for packages. */
function targetOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return relative(SRC, resolve(SRC, dirname(from), specifier))
    .split(sep)
    .join("/");
}
