// Run the page's corridor in Node.js: node test/agree/run.mjs PATH... prints one JSON document a line.
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

const server = await createServer({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  configFile: false,
  logLevel: "error",
  appType: "custom",
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, watch: null, ws: false },
});
const { locate } = await server.ssrLoadModule("/test/agree/locate.ts");
for (const path of process.argv.slice(2)) {
  process.stdout.write(`${JSON.stringify(await locate(path))}\n`);
}
await server.close();
