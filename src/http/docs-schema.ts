import { markup, type Fragment } from "../mail/markup.ts";

/** The part of a JSON Schema that the reference page shows. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

const nameOf = (ref: string): string => ref.split("/").at(-1) ?? ref;

/** What a value can be, in a line. */
export function typeText(schema: Schema): Fragment {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    return markup`<a href="#schema-${name}">${name}</a>`;
  }
  const forms = schema.anyOf ?? schema.oneOf;
  if (forms) return joined(forms.map(typeText), " or ");
  if (schema.const !== undefined) return markup`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum)
    return joined(
      schema.enum.map((value) => markup`<code>${String(value)}</code>`),
      " or ",
    );
  if (schema.type === "array") return markup`list of ${schema.items ? typeText(schema.items) : "anything"}`;
  if (schema.type === "object" && !schema.properties && typeof schema.additionalProperties === "object")
    return markup`object of ${typeText(schema.additionalProperties)} by name`;
  return markup`${[schema.type ?? "anything"].flat().join(" or ")}${schema.format ? ` (${schema.format})` : ""}`;
}

/** The bounds of a value, and what it is when it is absent. */
export function boundsText(schema: Schema): string {
  const { minimum, maximum, minLength, maxLength, maxItems } = schema;
  // What JSON can hold is no bound of ours.
  const bound = (n: number | undefined) => n !== undefined && Math.abs(n) < Number.MAX_SAFE_INTEGER;
  return [
    ...(bound(minimum) ? [`at least ${minimum}`] : []),
    ...(bound(maximum) ? [`at most ${maximum}`] : []),
    ...(minLength === 1 ? ["not empty"] : []),
    ...(maxLength === undefined ? [] : [`at most ${maxLength} characters`]),
    ...(maxItems === undefined ? [] : [`at most ${maxItems}`]),
    ...(schema.default === undefined ? [] : [`default ${JSON.stringify(schema.default)}`]),
  ].join(", ");
}

/** A row for each field, those inside others behind a dot. */
export function fieldRows(schema: Schema, at = ""): Fragment[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = at + name;
    const needed = required.includes(name) && field.default === undefined;
    return [
      fieldRow(path, field, needed),
      ...insideOf(field).flatMap((inside) =>
        fieldRows(inside, `${path}${field.type === "array" ? "[]" : ""}.`),
      ),
    ];
  });
}

export function fieldRow(name: string, schema: Schema, needed: boolean): Fragment {
  const bounds = boundsText(schema);
  return markup`<tr><th scope="row"><code>${name}</code>${needed ? markup` <span class="hint">required</span>` : ""}</th><td>${typeText(schema)}${bounds && markup`<span class="hint">${bounds}</span>`}${schema.description ? markup`<span class="hint">${schema.description}</span>` : ""}</td></tr>`;
}

/** The objects that a field holds, itself or as items. */
function insideOf(field: Schema): Schema[] {
  const held = field.type === "array" ? field.items : field;
  const forms = held?.anyOf ?? held?.oneOf ?? (held ? [held] : []);
  return forms.filter(({ properties }) => properties !== undefined);
}

const joined = (parts: Fragment[], by: string): Fragment =>
  markup`${parts.map((part, n) => (n === 0 ? part : markup`${by}${part}`))}`;
