import { defineConfig } from "vitest/config";

// Journeys share one machine with a browser and a server: one after the other, with patience.
export default defineConfig({
  cacheDir: "../../build/vite",
  test: {
    root: import.meta.dirname,
    include: ["*.journey.ts"],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
