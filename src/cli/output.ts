import picocolors from "picocolors";

/** Where a command writes, and whether in colour. */
export interface Output {
  write(text: string): void;
  color: boolean;
}

/** Colour on a terminal that wants it; picocolors knows NO_COLOR and FORCE_COLOR. */
export const stdout: Output = {
  write: (text) => void process.stdout.write(text),
  color: picocolors.isColorSupported,
};

export const paint = (output: Output) => picocolors.createColors(output.color);

/** A command's end: 0 done, 1 failed, 2 wrongly called. */
export type ExitCode = 0 | 1 | 2;
