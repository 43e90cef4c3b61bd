import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { loadConfig } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import { startService } from "../../src/service.ts";
import { launchBrowser } from "../../test/helpers/browser.ts";
import { clientOf } from "../../test/helpers/service.ts";
import { buildConsoleIfChanged } from "../build/console.ts";
import { SHOTS } from "./pages.ts";
import { tellStories } from "./stories.ts";

const SIZES = [
  { name: "desktop", width: 1280, height: 800 },
  { name: "phone", width: 390, height: 844 },
];

const USAGE = `Pictures of every page of the console, at two widths and in two themes, on a service with some orders.

  npm run screenshots [-- --out DIR] [--only NAME,…]

  --out    where they go; screenshots/ otherwise
  --only   pages: ${SHOTS.map(({ name }) => name).join(", ")}
`;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: "screenshots" },
    only: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const wanted = values.only?.split(",");
const shots = SHOTS.filter(({ name }) => wanted?.includes(name) ?? true);
if (shots.length === 0) {
  console.error(`--only names no page.\n\n${USAGE}`);
  process.exit(2);
}

await buildConsoleIfChanged();
const out = resolve(values.out);
await mkdir(out, { recursive: true });
const dataDir = await mkdtemp(join(tmpdir(), "countersign-screenshots-"));
const config = loadConfig({ PORT: "0", PROVIDER_PORT: "0", DATA_DIR: dataDir, LOG_LEVEL: "error" }, dataDir);
const service = await startService({ config, log: createLog("error") });
const browser = await launchBrowser();
try {
  const told = await tellStories(clientOf(service.url, service.providerUrl ?? ""));
  for (const scheme of ["light", "dark"] as const)
    for (const { name: size, ...viewport } of SIZES) {
      const context = await browser.newContext({ viewport, colorScheme: scheme, baseURL: service.url });
      for (const shot of shots.toSorted(
        (a, b) => Number(b.signedOut ?? false) - Number(a.signedOut ?? false),
      )) {
        if (!shot.signedOut)
          await context.request.post("/console/session", {
            data: { key: "ck_dev" },
            headers: { origin: service.url },
          });
        const page = await context.newPage();
        page.on("console", (message) => {
          if (message.type() === "error" && !message.text().includes("401"))
            console.error(`${shot.name}: ${message.text()}`);
        });
        page.on("pageerror", (error) => console.error(`${shot.name}: ${error.message}`));
        await page.goto(shot.path(told));
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
        await shot.act?.(page);
        // The fonts and the plots are there once the page had time to draw them.
        await page.waitForTimeout(300);
        const path = join(out, `${shot.name}-${size}-${scheme}.png`);
        await page.screenshot({ path, fullPage: true });
        console.log(path);
        await page.close();
      }
      await context.close();
    }
  told.close();
} finally {
  await browser.close();
  await service.stop();
  await rm(dataDir, { recursive: true, force: true });
}
process.exit(0);
