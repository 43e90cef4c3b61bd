import { createHash } from "node:crypto";
import { markup, type Fragment } from "../mail/markup.ts";
import { fieldRow, fieldRows, typeText, type Schema } from "./docs-schema.ts";
import { PAGE_HEADERS } from "./pages/index.ts";
import { layout } from "./pages/layout.ts";
import { STYLE } from "./pages/style.ts";

interface Described {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security?: unknown[];
  parameters: { name: string; in: string; required: boolean; schema: Schema; description?: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
}

/** What the page shows of an OpenAPI document. */
export interface ReferenceView {
  info: { title: string; description: string };
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema> };
}

const REFERENCE_STYLE = `${STYLE}
.api td,.api th{text-align:left;white-space:normal}
.api th:first-child{width:38%}
.api code,.method{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.9em}
.method{display:inline-block;min-width:4.2rem;font-weight:700;color:var(--accent)}
.api .inside{padding:0 1.25rem 1.25rem}
`;

const hash = createHash("sha256").update(REFERENCE_STYLE).digest("base64");

/** Nothing is loaded and nothing runs: the page is one response. */
export const REFERENCE_HEADERS = {
  ...PAGE_HEADERS,
  "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${hash}'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'`,
} as const;

/** `GET /docs`: the reference of the API as one page, without script and without anything from elsewhere. */
export const referencePage = ({ info, tags, paths, components }: ReferenceView): string =>
  layout({
    title: "API reference",
    wide: true,
    style: REFERENCE_STYLE,
    body: markup`<section class="card"><h1>API reference</h1>
<p class="lead">${info.description}</p>
<p>Send <code>Authorization: Bearer KEY</code>. What can be sent again safely takes an <code>Idempotency-Key</code>. Every error is <code>application/problem+json</code> with a stable <code>code</code> and, for bad input, <code>errors</code> with the field and its remedy. As a document for programs: <a href="/openapi.json">/openapi.json</a>, OpenAPI 3.1.</p>
<ul class="links">${tags.map(({ name, description }) => markup`<li><a href="#${anchor(name)}">${name}</a><span class="hint">${description ?? ""}</span></li>`)}</ul></section>
<div class="api">
${tags.map(({ name }) => markup`<h2 id="${anchor(name)}">${name}</h2>${operationsOf(paths, name)}`)}
<h2 id="schemas">What is answered</h2>
${Object.entries(components.schemas).map(([name, schema]) => schemaCard(name, schema))}
</div>
`,
  });

const anchor = (name: string): string => name.toLowerCase().replace(/\W+/g, "-");

const operationsOf = (paths: ReferenceView["paths"], tag: string): Fragment[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { tags }]) => tags.includes(tag))
      .map(([method, operation]) => operationCard(method, path, operation)),
  );

function operationCard(method: string, path: string, operation: Described): Fragment {
  const { parameters, requestBody, responses } = operation;
  const body = requestBody?.content["application/json"]?.schema;
  return markup`<details class="card" id="${operation.operationId}"><summary><strong><span class="method">${method.toUpperCase()}</span> <code>${path}</code></strong><span class="hint">${operation.summary}</span></summary>
<div class="inside">${operation.description ? markup`<p>${operation.description}</p>` : ""}${operation.security?.length === 0 ? markup`<p class="muted">Without an API key.</p>` : ""}
${
  parameters.length > 0
    ? table(
        "Parameters",
        parameters.map((p) => fieldRow(`${p.name} (${p.in})`, described(p), p.required)),
      )
    : ""
}
${body ? table("Body", bodyRows(body)) : ""}
${table(
  "Answers",
  Object.entries(responses).map(
    ([status, { description, content = {} }]) =>
      markup`<tr><th scope="row"><code>${status}</code></th><td>${description}${Object.entries(content).map(
        ([type, { schema }]) => markup`<span class="hint">${type}: ${typeText(schema)}</span>`,
      )}</td></tr>`,
  ),
)}</div></details>
`;
}

const described = ({ schema, description }: Described["parameters"][number]): Schema =>
  description === undefined ? schema : { ...schema, description };

function bodyRows(body: Schema): Fragment[] {
  const rows = fieldRows(body);
  return rows.length > 0 ? rows : [fieldRow("the body", body, true)];
}

const table = (caption: string, rows: Fragment[]): Fragment =>
  markup`<table><caption>${caption}</caption><tbody>${rows}</tbody></table>`;

const schemaCard = (name: string, schema: Schema): Fragment =>
  markup`<details class="card" id="schema-${name}"><summary><strong>${name}</strong>${schema.description ? markup`<span class="hint">${schema.description}</span>` : ""}</summary>
<div class="inside">${table("Fields", fieldRows(schema))}</div></details>
`;
