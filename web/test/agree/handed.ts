/** A path on disk as the page's drop zone would hand it over. */
import { openAsBlob, readdirSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";
import type { Handed } from "../../src/corridor/intake/files.ts";

/** The file itself, or all files below a folder, by paths that begin with its name. */
export async function handedFrom(path: string): Promise<Handed[]> {
  if (statSync(path).isFile()) return [{ path: basename(path), file: await openAsBlob(path) }];
  const names = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    names.map(async (name) => ({
      path: join(basename(path), relative(path, name)),
      file: await openAsBlob(name),
    })),
  );
}
