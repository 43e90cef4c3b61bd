/** Names of settings, and what to set each to. */
export type Remedies = [name: string, remedy: string][];

/** What is set, by name; empty values are not there. */
export type Given = Record<string, string | undefined>;

/** One line for each that is not set. */
export const missingFor = (names: Remedies, given: Given, why: string): string[] =>
  names.filter(([name]) => given[name] === undefined).map(([name, remedy]) => `${name}: ${why}; ${remedy}`);

/** One line for each when some are set and others are not. */
export const together = (names: Remedies, given: Given, why: string): string[] =>
  names.some(([name]) => given[name] !== undefined) ? missingFor(names, given, why) : [];
