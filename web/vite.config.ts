/// <reference types="vitest/config" />
import { defineConfig } from "vite";
import solid from "vite-plugin-solid";

// Where a house listens that `npm run dev` talks to.
const HOUSE = process.env.RUSHTRADE_HOUSE ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [solid()],
  build: {
    outDir: "../src/rushtrade/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the content security policy allows no data: fonts or scripts
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    license: { fileName: "licenses.md" },
  },
  server: {
    proxy: {
      "/api": { target: HOUSE, changeOrigin: true },
      "/ws": { target: HOUSE, ws: true, changeOrigin: true },
    },
  },
  test: { environment: "node", include: ["test/**/*.test.ts"] },
});
