import { writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/**
 * Writes `src/mock-provider/parameters.txt` from the type files of the installed `stripe` package: what each endpoint
 * takes and which fields of each object can be expanded. `test/mock-provider/parameters.test.ts` keeps it up to date.
 */
const ROOT = join(import.meta.dirname, "..");
const RESOURCES = join(ROOT, "node_modules/stripe/esm/resources");
export const FILE = join(ROOT, "src/mock-provider/parameters.txt");

const FILES = [
  "Balance",
  "BalanceTransactions",
  "Charges",
  "Checkout/Sessions",
  "Coupons",
  "Customers",
  "Disputes",
  "LineItems",
  "PaymentIntents",
  "PaymentMethods",
  "Prices",
  "Products",
  "Refunds",
  "SetupIntents",
];
/** The objects whose expandable fields are wanted, by the value of their field `object`. */
const OBJECTS = new Set([
  "balance",
  "balance_transaction",
  "charge",
  "checkout.session",
  "coupon",
  "customer",
  "dispute",
  "item",
  "payment_intent",
  "payment_method",
  "price",
  "product",
  "refund",
  "setup_intent",
]);

/** The text of the file, as the installed types have it. */
export function parametersText(): string {
  const program = ts.createProgram(
    FILES.map((each) => join(RESOURCES, `${each}.d.ts`)),
    { strict: true, skipLibCheck: true, module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  );
  return new Walk(program.getTypeChecker()).run(program);
}

class Walk {
  readonly #checker: ts.TypeChecker;
  readonly #names = new Map<string, string>();
  readonly #lines: string[] = [];

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  run(program: ts.Program): string {
    const roots: string[] = [];
    const expandable = new Map<string, string>();
    for (const file of FILES) {
      const source = program.getSourceFile(join(RESOURCES, `${file}.d.ts`));
      const module = source && this.#checker.getSymbolAtLocation(source);
      if (!module) throw new Error(`no types for ${file}`);
      for (const symbol of this.#exports(module)) {
        const type = this.#checker.getDeclaredTypeOfSymbol(symbol);
        if (symbol.name.endsWith("Params")) roots.push(`${symbol.name} ${this.#fields(type)}`);
        const kind = this.#kindOf(type);
        if (kind !== null && OBJECTS.has(kind) && !symbol.name.startsWith("Deleted")) {
          expandable.set(kind, `expand ${kind} ${this.#expandable(type).join(" ")}`.trim());
        }
      }
    }
    return `${[...this.#lines, ...roots.sort(), ...[...expandable.values()].sort()].join("\n")}\n`;
  }

  /** The SDK puts what belongs to Checkout into a namespace of that name. */
  #exports(module: ts.Symbol): ts.Symbol[] {
    const found = this.#checker.getExportsOfModule(module);
    const checkout = found.find((each) => each.name === "Checkout");
    return checkout ? [...found, ...this.#checker.getExportsOfModule(checkout)] : found;
  }

  #kindOf(type: ts.Type): string | null {
    const object = type.getProperty("object");
    const declared = object && this.#checker.getTypeOfSymbol(object);
    return declared?.isStringLiteral() ? declared.value : null;
  }

  /** `name:type`, with `!` after the name of what is required. */
  #fields(type: ts.Type): string {
    return this.#checker
      .getPropertiesOfType(type)
      .map((each) => {
        const optional = (each.flags & ts.SymbolFlags.Optional) !== 0;
        return `${each.name}${optional ? "" : "!"}:${this.#kind(this.#checker.getTypeOfSymbol(each))}`;
      })
      .sort()
      .join(" ");
  }

  /** One of: s(tring), n(umber), b(oolean), m(ap of strings), choices, [list], <map>, {hash}; `?` before what "" unsets. */
  #kind(type: ts.Type): string {
    const parts = (type.isUnion() ? type.types : [type]).filter(
      (each) => (each.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null)) === 0,
    );
    const literals = parts.flatMap((each) => (each.isStringLiteral() ? [each.value] : []));
    const unset = literals.includes("");
    const choices = literals.filter((each) => each !== "");
    const others = new Set<string>();
    for (const each of parts) {
      // `OtherString`, an intersection, only keeps the types open for later versions.
      const open = choices.length > 0 && (each.flags & ts.TypeFlags.Intersection) !== 0;
      if (!each.isStringLiteral() && !open) others.add(this.#single(each));
    }
    if (choices.length > 0 && !others.has("s")) others.add(choices.sort().join("|"));
    return `${unset ? "?" : ""}${[...others].sort().join("/") || "s"}`;
  }

  #single(type: ts.Type): string {
    if (type.flags & ts.TypeFlags.BooleanLike) return "b";
    if (type.flags & (ts.TypeFlags.Number | ts.TypeFlags.NumberLiteral)) return "n";
    if (type.flags & ts.TypeFlags.String) return "s";
    if (type.symbol?.name === "Decimal") return "d";
    if (type.flags & ts.TypeFlags.Intersection) return "s";
    if (this.#checker.isArrayType(type)) {
      const [item] = this.#checker.getTypeArguments(type as ts.TypeReference);
      return `[${item ? this.#kind(item) : "s"}]`;
    }
    const values = type.getStringIndexType();
    if (values) {
      const kind = this.#kind(values);
      return kind.includes("{") ? `<${kind}>` : "m";
    }
    return `{${this.#shape(type)}}`;
  }

  /** Equal hashes share one line. */
  #shape(type: ts.Type): string {
    const fields = this.#fields(type);
    const known = this.#names.get(fields);
    if (known !== undefined) return known;
    const name = String(this.#names.size);
    this.#names.set(fields, name);
    this.#lines.push(`${name} ${fields}`);
    return name;
  }

  /**
   * Fields that hold an id or the whole object, those that are only there when asked for, and objects that are always
   * there: `field=kind` where the kind of object is known. Dots for what is nested, `*` for the elements of a list.
   */
  #expandable(type: ts.Type, prefix = "", depth = 0): string[] {
    const found: string[] = [];
    for (const field of this.#checker.getPropertiesOfType(type)) {
      const name = `${prefix}${field.name}`;
      const declared = this.#checker.getTypeOfSymbol(field);
      const objects = (declared.isUnion() ? declared.types : [declared]).filter(
        (each) => each.flags & ts.TypeFlags.Object,
      );
      const resources = objects.filter((each) => this.#isResource(each));
      const list = objects.find((each) => this.#isList(each));
      if (resources.length > 0) found.push(`${name}${this.#target(resources)}`);
      else if (list) found.push(`${name}${this.#target(this.#elements(list))}*`);
      else if (depth < 3) {
        for (const each of objects) {
          if (this.#checker.isArrayType(each) || each.getStringIndexType()) continue;
          found.push(...this.#expandable(each, `${name}.`, depth + 1));
        }
      }
    }
    return [...new Set(found)].sort();
  }

  #elements(list: ts.Type): ts.Type[] {
    const data = list.getProperty("data");
    const array = data && this.#checker.getTypeOfSymbol(data);
    return array && this.#checker.isArrayType(array)
      ? [...this.#checker.getTypeArguments(array as ts.TypeReference)]
      : [];
  }

  #target(resources: readonly ts.Type[]): string {
    const kinds = new Set(resources.map((each) => this.#kindOf(each)));
    const [kind] = kinds;
    return kinds.size === 1 && kind !== null && kind !== undefined && OBJECTS.has(kind) ? `=${kind}` : "";
  }

  #isResource(type: ts.Type): boolean {
    return type.getProperty("object") !== undefined && type.getProperty("id") !== undefined;
  }

  #isList(type: ts.Type): boolean {
    return type.getProperty("has_more") !== undefined && type.getProperty("data") !== undefined;
  }
}

if (process.argv[1] === import.meta.filename) writeFileSync(FILE, parametersText());
