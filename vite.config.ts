import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The running service that `npx vite` asks while the console is worked on. */
const SERVICE = process.env["COUNTERSIGN_URL"] ?? "http://127.0.0.1:3000";

/** Builds the console (`npm run build:console`) into `dist/console`, which the service serves. */
export default defineConfig({
  root: "src/console",
  cacheDir: "../../node_modules/.cache/vite",
  plugins: [react()],
  // The service puts each answer's own nonce in its place (`src/http/console.ts`).
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    outDir: "../../dist/console",
    emptyOutDir: true,
    // Browsers that know light-dark(), two years old at least.
    target: ["chrome123", "firefox120", "safari17.5"],
    // A `data:` script, style or font is refused by the page's policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/v1": SERVICE, "/console": SERVICE, "/dev": SERVICE } },
});
