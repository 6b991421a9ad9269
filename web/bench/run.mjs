/** Runs bench/journey.ts: Node.js 20 reads no TypeScript of itself, Vite does. */
import { runnerImport } from "vite";

const { module } = await runnerImport(new URL("journey.ts", import.meta.url).pathname);
process.exitCode = await module.main(process.argv[2], Number(process.argv[3] ?? 1));
