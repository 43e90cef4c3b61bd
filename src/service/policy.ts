import { readFile } from "node:fs/promises";
import { parsePolicy, PolicyError } from "../domain/policy-parse.ts";
import type { Policy } from "../domain/policy.ts";
import { AppError } from "../errors.ts";

/** @throws AppError that names the file and what is wrong in it, with the line */
export async function loadPolicy(file: string): Promise<Policy> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new AppError("invalid_request", `POLICY_FILE: ${file} cannot be read; name a file that exists`, {
      cause: error,
    });
  });
  try {
    return parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicyError)
      throw new AppError("invalid_request", `POLICY_FILE: ${file}: ${error.message}`, { cause: error });
    throw error;
  }
}
