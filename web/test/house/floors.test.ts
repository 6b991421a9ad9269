import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const CORRIDOR = fileURLToPath(new URL("../../src/corridor", import.meta.url));
/** Lowest floor first; a file imports from its own floor (no circle) or from below. */
const FLOORS = [
  ["contract", "geometry", "rounding", "asset", "bytes", "numbers", "ahead"],
  ["problems"],
  ["documents", "axes", "volume"],
  ["nrrd"],
  ["intake"],
  ["sample", "manifest"],
  ["network", "preview"],
  ["locate"],
  ["sector"],
  ["located"],
  ["index"],
];

/** What a file imports of the corridor, by rooms. */
function imports(file: string, text: string): string[] {
  const from = [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+\.ts)"/g)].map((match) => match[1]!);
  return from.map((path) => room(join(dirname(file), path))).filter((one) => one !== room(file));
}

const room = (path: string): string => path.split("/")[0]!.replace(/\.ts$/, "");
const floorOf = (name: string): number => FLOORS.findIndex((floor) => floor.includes(name));

function broken(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([file, text]) => {
    const own = floorOf(room(file));
    if (own < 0) return [`${file} lives on no floor`];
    return imports(file, text)
      .filter((one) => floorOf(one) < 0 || floorOf(one) > own)
      .map((one) => `${file} imports ${one}`);
  });
}

const files = new Map(
  readdirSync(CORRIDOR, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
    .map((path) => [path, readFileSync(join(CORRIDOR, path), "utf8")] as const),
);

test("every file of the corridor imports from below alone", () => {
  expect(files.size).toBeGreaterThan(30);
  expect(broken(files)).toEqual([]);
});

test("an import from above, and a file on no floor, would be noticed", () => {
  expect(broken(new Map([["volume.ts", 'import { x } from "./sector.ts";']]))).toEqual([
    "volume.ts imports sector",
  ]);
  expect(broken(new Map([["intake/a.ts", 'await import("../locate.ts")']]))).toEqual([
    "intake/a.ts imports locate",
  ]);
  expect(broken(new Map([["utils.ts", ""]]))).toEqual(["utils.ts lives on no floor"]);
});

test("there is no drawer for what was not thought about", () => {
  const names = [...files.keys()].map((path) => basename(path, ".ts"));
  for (const drawer of ["utils", "util", "common", "misc", "base", "helpers", "manager"])
    expect(names).not.toContain(drawer);
});
