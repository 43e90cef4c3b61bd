/**
 * One person, one spelling: an address in lower case without a `+tag`, so that nobody counts twice. Dots stay, since only
 * some hosts ignore them.
 */
export function normalisedAddress(address: string): string {
  const text = address.trim().toLowerCase();
  const at = text.lastIndexOf("@");
  if (at < 0) return text;
  const local = text.slice(0, at);
  const tag = local.indexOf("+");
  return `${tag > 0 ? local.slice(0, tag) : local}${text.slice(at)}`;
}

/** Each person once, under the last of their spellings, in lower case. */
export const distinctPeople = (addresses: string[]): string[] => [
  ...new Map(addresses.map((address) => [normalisedAddress(address), address.toLowerCase()])).values(),
];
