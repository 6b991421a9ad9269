/** The zoo's table, and what an image must be to pass a row. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Image } from "./reader.ts";

export type Row = Readonly<Record<string, string>>;

export const ZOO = fileURLToPath(new URL("../../../../shared/zoo", import.meta.url));
const SHA = "sha256_of_little_endian_int32_stored_values";

/** All rows; none where the zoo is not beside the checkout. */
export function zooRows(table = join(ZOO, "inventory.csv")): Row[] {
  if (!existsSync(table)) return [];
  const [head, ...lines] = readFileSync(table, "utf8").trim().split(/\r?\n/).map(cells);
  return lines.map((line) => Object.fromEntries(head!.map((name, n) => [name, line[n] ?? ""])));
}

/** Say what is wrong with an image; nothing when it is right. */
export function wrong(image: Image, row: Row, folder = ZOO): string {
  if (row.min === "") return "";
  const shape = [image.frames.length, image.rows, image.columns].join();
  const due = [row.frames, row.rows, row.columns].join();
  if (shape !== due) return `shape ${shape} instead of ${due}`;
  if (digest(image, row) === row[SHA]) return wrongHu(image, row);
  if (row.lossless !== "n") return "other values";
  const off = largestDifference(image, row, folder);
  return off <= Number(row.tolerance) ? wrongHu(image, row) : `off by ${String(off)}`;
}

/** The columns px1..px16 and hu1..hu16 are read at these places of frame 1. */
function places({ rows, columns }: Image): number[] {
  const at = (n: number, count: number): number => Math.floor(((2 * n + 1) * count) / 8);
  return [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].map((j) => at(i, rows) * columns + at(j, columns)));
}

function digest(image: Image, row: Row): string {
  const hash = createHash("sha256");
  for (const frame of image.frames) {
    const values = row.dtype!.startsWith("float") ? frame : Int32Array.from(frame);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest("hex");
}

function largestDifference(image: Image, row: Row, folder: string): number {
  const frame = image.frames[0]!;
  const all = image.frames.flatMap((values) => Array.from(values));
  const extent = (pick: (a: number, b: number) => number): number => all.reduce(pick);
  return Math.max(
    ...places(image).map((place, n) => Math.abs(frame[place]! - Number(row[`px${String(n + 1)}`]))),
    Math.abs(extent((a, b) => Math.min(a, b)) - Number(row.min)),
    Math.abs(extent((a, b) => Math.max(a, b)) - Number(row.max)),
    cropDifference(image, row, folder),
  );
}

function cropDifference(image: Image, row: Row, folder: string): number {
  const found = /^(\S+) rows (\d+)\.\.(\d+) columns (\d+)\.\.(\d+)$/.exec(row.ref_crop ?? "");
  if (found === null) return 0;
  const [top, bottom, left, right] = found.slice(2).map(Number) as [number, number, number, number];
  const bytes = gunzipSync(readFileSync(join(folder, found[1]!)));
  const due = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const width = right - left + 1;
  let most = 0;
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const is = image.frames[0]![y * image.columns + x]!;
      most = Math.max(most, Math.abs(is - due[(y - top) * width + x - left]!));
    }
  }
  return most;
}

/** HU are whole, air at least, and air where the header says padding: the table's are neither. */
function wrongHu(image: Image, row: Row): string {
  if (row.hu1 === "") return "";
  const slope = Math.abs(Number(row.slope ?? "1")) || 1;
  const [low, high] = image.padding ?? [1, 0];
  const off = places(image).map((place, n) => {
    const stored = image.frames[0]![place]!;
    const padded = stored >= low && stored <= high;
    const due = padded ? -1024 : Math.min(Math.max(Number(row[`hu${String(n + 1)}`]), -1024), 32767);
    return Math.abs(image.hu[place]! - due);
  });
  const most = Math.max(...off);
  return most <= Number(row.tolerance) * slope + 0.5 + 1e-3 ? "" : `HU off by ${String(most)}`;
}

function cells(line: string): string[] {
  return Array.from(line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g), (match) => {
    const [, cell = ""] = match;
    return cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
  });
}

export const besides = (file: string): string => dirname(join(ZOO, file));
