/** Files that ship beside the code: weights and WebAssembly, by their address. */

const FILE_SCHEME = "file:";

/** Load something once and keep it; what failed is tried again when it is asked for again. */
export function once<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let loaded: Promise<Value> | undefined;
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}

/** Read a shipped file whole. fetch knows no file: addresses in Node.js, so there its own reader does it. */
export async function readAsset(address: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (address.protocol === FILE_SCHEME) return new Uint8Array(await readLocal(address));
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address.pathname} cannot be loaded (${String(answer.status)})`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Digest as lower-case hex. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function readLocal(address: URL): Promise<Uint8Array> {
  const module = "node:fs/promises";
  const files = (await import(/* @vite-ignore */ module)) as { readFile(path: URL): Promise<Uint8Array> };
  return files.readFile(address);
}
