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
    pool: "forks",
    maxWorkers: 3,
    sequence: { sequencer: LongEarly },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    reporters: ["default"],
    projects: [
      {
        extends: true,
        test: {
          name: "parts",
          include: ["test/**/*.test.ts"],
          exclude: ["test/domain/**"],
          globalSetup: ["test/helpers/global-setup.ts"],
          // DBOS is one engine per process, so every test file has a process (and a database) of its own.
          isolate: true,
        },
      },
      {
        extends: true,
        test: {
          name: "domain",
          include: ["test/domain/**/*.test.ts"],
          // Pure decisions cannot disturb each other: files share processes, and load and warm up the code once.
          isolate: false,
        },
      },
    ],
  },
});
