import { readFileSync } from "node:fs";
import { join } from "node:path";
import { badParam, emptyParam, missingParam } from "./errors.ts";
import { isHash, written, type Form } from "./form.ts";

/**
 * What Stripe's endpoints take, as the types of the official SDK have it. `parameters.txt` is written from them by
 * `scripts/stripe-parameters.ts`: a line per endpoint and per hash, `name:kind`, `!` for what is required.
 */
const LINES = new Map(
  readFileSync(join(import.meta.dirname, "parameters.txt"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line): [string, string] => {
      const kind = line.startsWith("expand ");
      const name = kind ? line.split(" ", 2).join(" ") : line.slice(0, line.indexOf(" "));
      return [name, line.slice(name.length + 1)];
    }),
);

/** Parameters that the API takes and the SDK's types leave out: former names, and what Stripe.js and the CLI send. */
const ALSO: Record<string, string> = {
  PaymentIntentCreateParams: "payment_method_types:[s]",
  PaymentIntentUpdateParams: "payment_method_types:[s]",
  PaymentIntentConfirmParams: "payment_method_types:[s] client_secret:s",
  SetupIntentCreateParams: "payment_method_types:[s]",
  SetupIntentUpdateParams: "payment_method_types:[s]",
  SetupIntentConfirmParams: "client_secret:s",
  SetupIntentRetrieveParams: "client_secret:s",
  SessionCreateParams: "payment_method_types:[s] phone_number_collection:{enabled!:b}",
  CustomerCreateParams: "coupon:s",
  CustomerUpdateParams: "coupon:s",
  PaymentMethodListParams: "type:s",
};
/** Stripe.js sends these with whatever it calls. */
const BROWSER = "key:s client_secret:s _stripe_account:s _stripe_version:s client_attribution_metadata:x";
/** Inside `payment_method_data`: the card, which the SDK leaves to Stripe.js, and what Stripe.js adds. */
const METHOD_DATA =
  "type!:s card:x guid:s muid:s sid:s referrer:s payment_user_agent:s time_on_page:s pasted_fields:s client_attribution_metadata:x";

type Kind =
  | { is: "string" | "number" | "boolean" | "metadata" | "anything" }
  | { is: "choice"; of: readonly string[] }
  | { is: "list" | "map"; of: Kind }
  | { is: "hash"; fields: () => Fields }
  | { is: "either"; of: readonly Kind[] };
interface Field {
  kind: Kind;
  required: boolean;
  unset: boolean;
}
type Fields = ReadonlyMap<string, Field>;

const shapes = new Map<string, Fields>();

/** The fields of one line, read when they are first asked for. */
function fieldsOf(name: string): Fields {
  const known = shapes.get(name);
  if (known) return known;
  const line = LINES.get(name);
  if (line === undefined) throw new Error(`parameters.txt has no line ${name}`);
  const fields = new Map([...readFields(line), ...readFields(ALSO[name] ?? "")]);
  shapes.set(name, fields);
  return fields;
}

const readFields = (line: string): [string, Field][] =>
  line.split(" ").flatMap((part) => {
    const cut = part.indexOf(":");
    if (cut < 0) return [];
    const required = part[cut - 1] === "!";
    const name = part.slice(0, required ? cut - 1 : cut);
    const unset = part[cut + 1] === "?";
    const kind = readKind(part.slice(cut + (unset ? 2 : 1)));
    return [[name, { kind: name === "payment_method_data" ? withCard(kind) : kind, required, unset }]];
  });

const LETTERS: Record<string, Kind> = {
  s: { is: "string" },
  d: { is: "string" },
  n: { is: "number" },
  b: { is: "boolean" },
  m: { is: "metadata" },
  x: { is: "anything" },
};

function readKind(text: string): Kind {
  const letter = LETTERS[text];
  if (letter) return letter;
  if (text.startsWith("[")) return { is: "list", of: readKind(text.slice(1, -1)) };
  if (text.startsWith("<")) return { is: "map", of: readKind(text.slice(1, -1)) };
  if (text.startsWith("{") && text.includes(":")) {
    return { is: "hash", fields: () => new Map(readFields(text.slice(1, -1))) };
  }
  if (text.startsWith("{")) return { is: "hash", fields: () => fieldsOf(text.slice(1, -1)) };
  if (text.includes("/")) return { is: "either", of: text.split("/").map(readKind) };
  return { is: "choice", of: text.split("|") };
}

function withCard(kind: Kind): Kind {
  if (kind.is !== "hash") return kind;
  return { is: "hash", fields: () => new Map([...kind.fields(), ...readFields(METHOD_DATA)]) };
}

/**
 * Checks a decoded request against what Stripe takes at this endpoint: unknown names first, then what is missing, then
 * the form of each value, as https://docs.stripe.com/error-codes words it.
 */
export function checkParameters(name: string, form: Form, fromBrowser = false): void {
  const known = fieldsOf(name);
  const fields = fromBrowser ? new Map([...known, ...readFields(BROWSER)]) : known;
  const unknown = strangers(fields, form, []);
  if (unknown.length > 0) {
    throw badParam(
      `Received unknown parameter${unknown.length > 1 ? "s" : ""}: ${unknown.join(", ")}`,
      unknown[0] ?? "",
      "parameter_unknown",
    );
  }
  checkFields(fields, form, []);
}

type Path = readonly string[];

function strangers(fields: Fields, form: Record<string, unknown>, path: Path): string[] {
  return Object.entries(form).flatMap(([name, value]) => {
    const field = fields.get(name);
    return field ? inside(field.kind, value, [...path, name]) : [written([...path, name])];
  });
}

function inside(kind: Kind, value: unknown, path: Path): string[] {
  if (kind.is === "hash") return isHash(value) ? strangers(kind.fields(), value, path) : [];
  if (kind.is === "list" || kind.is === "map") {
    return entries(value).flatMap(([name, each]) => inside(kind.of, each, [...path, name]));
  }
  const hash = kind.is === "either" && isHash(value) ? kind.of.find((each) => each.is === "hash") : undefined;
  return hash ? inside(hash, value, path) : [];
}

const entries = (value: unknown): [string, unknown][] =>
  isHash(value) || Array.isArray(value) ? Object.entries(value) : [];

function checkFields(fields: Fields, form: Record<string, unknown>, path: Path): void {
  for (const [name, { required }] of fields) {
    if (required && form[name] === undefined) throw missingParam(written([...path, name]));
  }
  for (const [name, value] of Object.entries(form)) {
    const field = fields.get(name);
    if (field && !(field.unset && value === "")) check(field.kind, value, [...path, name]);
  }
}

function check(kind: Kind, value: unknown, path: Path): void {
  const param = written(path);
  switch (kind.is) {
    case "string":
      if (typeof value !== "string") throw badParam(`Invalid string: ${JSON.stringify(value)}`, param);
      return;
    case "number":
      if (value === "") throw emptyParam(param);
      if (typeof value !== "string" || !(param.includes("percent") ? DECIMAL : INTEGER).test(value)) {
        throw badParam(`Invalid integer: ${shown(value)}`, param, "parameter_invalid_integer");
      }
      return;
    case "boolean":
      if (value === "") throw emptyParam(param);
      if (value !== "true" && value !== "false" && value !== "1" && value !== "0")
        throw badParam(`Invalid boolean: ${shown(value)}`, param);
      return;
    case "choice":
      if (value === "") throw emptyParam(param);
      if (typeof value !== "string" || !kind.of.includes(value))
        throw badParam(`Invalid ${param}: must be one of ${oneOfWords(kind.of)}`, param);
      return;
    case "list":
      if (value === "") return;
      if (
        typeof value === "string" ||
        (isHash(value) && !Object.keys(value).every((key) => INTEGER.test(key)))
      )
        throw badParam("Invalid array", param);
      for (const [name, each] of entries(value)) check(kind.of, each, [...path, name]);
      return;
    case "hash":
      if (value === "") throw emptyParam(param);
      if (!isHash(value)) throw badParam("Invalid object", param);
      checkFields(kind.fields(), value, path);
      return;
    case "map":
      if (!isHash(value)) throw badParam("Invalid object", param);
      for (const [name, each] of entries(value)) check(kind.of, each, [...path, name]);
      return;
    case "either":
      checkEither(kind.of, value, path);
      return;
    case "metadata":
    case "anything":
      return;
  }
}

/** `created` is a moment or a range, `off_session` a boolean or a choice: the first that fits the form decides. */
function checkEither(kinds: readonly Kind[], value: unknown, path: Path): void {
  const fitting = kinds.filter((each) => (each.is === "hash") === isHash(value));
  const choice = fitting.find((each) => each.is === "choice");
  if (choice?.is === "choice" && typeof value === "string" && choice.of.includes(value)) return;
  const [first] = fitting.filter((each) => each.is !== "choice");
  if (first) check(first, value, path);
  else if (kinds[0]) check(kinds[0], value, path);
}

const INTEGER = /^-?\d{1,15}$/;
const DECIMAL = /^-?\d{1,15}(\.\d+)?$/;
const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** `a`, `a or b`, `a, b, or c`: how Stripe lists what may be given. */
export const oneOfWords = (values: readonly string[]) =>
  values.length < 3
    ? values.join(" or ")
    : `${values.slice(0, -1).join(", ")}, or ${values[values.length - 1] ?? ""}`;

/** The form's value with the types that the API shows: numbers, booleans, null for what "" unsets. */
export function typed(name: string, form: Form, field: string): unknown {
  const known = fieldsOf(name).get(field);
  return known && form[field] !== undefined ? cast(known.kind, form[field]) : undefined;
}

function cast(kind: Kind, value: unknown): unknown {
  if (value === "") return null;
  switch (kind.is) {
    case "number":
      return Number(value);
    case "boolean":
      return value === "true" || value === "1";
    case "list":
      return entries(value).map(([, each]) => cast(kind.of, each));
    case "map":
      return Object.fromEntries(entries(value).map(([name, each]) => [name, cast(kind.of, each)]));
    case "hash": {
      const fields = kind.fields();
      return Object.fromEntries(
        entries(value).map(([name, each]) => [
          name,
          cast(fields.get(name)?.kind ?? { is: "anything" }, each),
        ]),
      );
    }
    case "either":
      return cast(kind.of.find((each) => (each.is === "hash") === isHash(value)) ?? { is: "string" }, value);
    default:
      return value;
  }
}

/** The fields of this kind of object that can be expanded, as `parameters.txt` has them; null for kinds not known. */
export const expandableFields = (kind: string): readonly string[] | null =>
  LINES.get(`expand ${kind}`)?.split(" ") ?? null;
