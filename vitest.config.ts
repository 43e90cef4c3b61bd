import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Small files that take minutes, and where they begin: by size, which is how files are sorted, they would come last and run alone. Not
 * all at once, since each is busy with several processes.
 */
const EARLY = ["test/chaos/thousand-orders.test.ts", "test/crash/matrix.test.ts"];
const APART = 12;

class LongEarly extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isEarly = ({ moduleId }: TestSpecification) => EARLY.some((path) => moduleId.endsWith(path));
    const rest = sorted.filter((file) => !isEarly(file));
    for (const [i, file] of sorted.filter(isEarly).entries()) rest.splice(i * APART, 0, file);
    return rest;
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // DBOS is one engine per process, so every test file has a process (and a database) of its own.
    pool: "forks",
    maxWorkers: 3,
    sequence: { sequencer: LongEarly },
    globalSetup: ["test/helpers/global-setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    reporters: ["default"],
  },
});
