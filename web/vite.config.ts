import { defineConfig } from "vite";

// The page is served from the root of the Python server, without a network beyond it.
export default defineConfig({
  base: "/",
  publicDir: "public",
  worker: { format: "es" },
  build: {
    outDir: "dist",
    target: "es2023",
    // Nothing is put inline as data: the server's policy allows files of its own origin only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1300,
  },
  server: { fs: { allow: [".."] } },
});
