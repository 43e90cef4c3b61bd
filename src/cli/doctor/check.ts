/** One finding of the preflight. `detail` says what was found and, when it is not `ok`, the remedy. */
export interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

export const passed = (name: string, detail: string): Check => ({ name, ok: true, detail });
export const failed = (name: string, detail: string): Check => ({ name, ok: false, detail });

export const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  // A connection that failed on every address of a name has no message of its own.
  return error.message || ("code" in error ? String(error.code) : error.name);
};
