import type { Schema } from "./document.ts";

/** One thing that is wrong, in words, and a value that has it. */
export type Wrong = [what: string, value: unknown];

const WRONG_TYPE: Record<string, unknown> = {
  string: 7,
  integer: "seven",
  number: "seven",
  boolean: "yes",
  array: {},
  object: [],
};

/** Values that a schema does not allow: of the wrong type, out of range, unknown. A schema that allows anything has none. */
export function wrongValues(schema: Schema): Wrong[] {
  const forms = schema.anyOf ?? schema.oneOf;
  if (forms) {
    // What is wrong for one form may be right for another; what no form is, is wrong.
    const types = forms.flatMap(({ type }) => type ?? []);
    return types.length < forms.length || types.includes("boolean") ? [] : [["of no type", true]];
  }
  const { type, minimum, maximum, minLength, maxLength, maxItems, items } = schema;
  if (typeof type !== "string") return [];
  return [
    ["of the wrong type", WRONG_TYPE[type]],
    ...(type === "null" ? [] : []),
    ...(typeof minimum === "number" && minimum > -1e9 ? [["too small", minimum - 1] as Wrong] : []),
    ...(typeof maximum === "number" && maximum < 1e12 ? [["too large", maximum + 1] as Wrong] : []),
    ...(type === "integer" ? [["not whole", 1.5] as Wrong] : []),
    ...(typeof minLength === "number" && minLength > 0 ? [["empty", ""] as Wrong] : []),
    ...(typeof maxLength === "number" ? [["too long", "x".repeat(maxLength + 1)] as Wrong] : []),
    ...(schema.enum ? [["unknown", "something-else"] as Wrong] : []),
    ...(typeof schema["format"] === "string" ? [["not of its format", "nothing like it"] as Wrong] : []),
    ...(typeof maxItems === "number" && maxItems < 1000
      ? [["too many", Array(maxItems + 1).fill(null)] as Wrong]
      : []),
    ...(type === "array" && items
      ? wrongValues(items as Schema).map(([what, value]): Wrong => [`an item ${what}`, [value]])
      : []),
  ];
}

/** Bodies made from a right one, each with one thing wrong. */
export function wrongBodies(schema: Schema, right: Record<string, unknown>): Wrong[] {
  const { properties, required = [] } = schema;
  if (!properties) return [];
  return [
    ["of the wrong type", [right]],
    ["null", null],
    ["a field that is not known", { ...right, surprise: true }],
    [
      "__proto__",
      JSON.parse(`{"__proto__": {}, ${JSON.stringify(right).slice(1)}`.replace(", }", "}")) as unknown,
    ],
    ...required
      .filter((name) => !("default" in (properties[name] ?? {})))
      .map((name): Wrong => {
        const { [name]: _, ...rest } = right;
        return [`without ${name}`, rest];
      }),
    ...Object.entries(properties).flatMap(([name, property]) =>
      wrongValues(property).map(([what, value]): Wrong => [`${name} ${what}`, { ...right, [name]: value }]),
    ),
  ];
}
