import { badParam } from "./errors.ts";
import { expandableFields } from "./parameters.ts";

/** Fields that the API expands though the SDK's types do not say so. */
const ALSO: Record<string, readonly string[]> = {
  charge: ["payment_method=payment_method", "invoice"],
  payment_intent: ["invoice"],
  price: ["tiers", "currency_options"],
};

/**
 * Refuses what cannot be expanded in an answer of this kind (`payment_intent`, or `payment_intent*` for a list) before
 * anything is done. Four levels at most, of which `data` of a list is one. https://docs.stripe.com/expand
 */
export function checkExpand(kind: string, paths: readonly string[]): void {
  for (const path of paths) {
    const parts = path.split(".");
    if (parts.length > 4)
      throw badParam(`You cannot expand more than 4 levels of a property. Property: ${path}`, "expand");
    if (!fits(kind, parts)) {
      const hint =
        kind.endsWith("*") && parts[0] !== "data" && fits(kind, ["data", ...parts])
          ? ` You may want to try expanding 'data.${path}' instead.`
          : "";
      throw badParam(`This property cannot be expanded (${path}).${hint}`, "expand");
    }
  }
}

function fits(kind: string, parts: readonly string[]): boolean {
  if (parts.length === 0) return true;
  if (kind.endsWith("*")) return parts[0] === "data" && fits(kind.slice(0, -1), parts.slice(1));
  const fields = expandableFields(kind);
  if (fields === null) return true;
  for (const field of [...fields, ...(ALSO[kind] ?? [])]) {
    const [name = "", target] = field.replace(/\*$/, "").split("=");
    const steps = name.split(".");
    const shared = steps.every((step, index) => parts[index] === step || index >= parts.length);
    if (!shared) continue;
    if (parts.length <= steps.length) return true;
    const rest = parts.slice(steps.length);
    if (field.endsWith("*")) return fits(`${target ?? "?"}*`, rest);
    return target === undefined || fits(target, rest);
  }
  return false;
}
