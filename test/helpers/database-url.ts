export const TEMPLATE = "countersign_template";
/** Owns the template and its clones. */
export const OWNER = "countersign_owner";

/** The same server, another database. */
export function onDatabase(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

/** The same database as its owner. */
export function asOwner(url: string): string {
  const owner = new URL(url);
  owner.username = OWNER;
  return owner.href;
}
