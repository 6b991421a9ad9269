/**
 * One strict dialect of NRRD: three axes, attached data, raw or gzip, with a place in the patient.
 *
 * The twin of nrrd.py; format: teem.sourceforge.net/nrrd/format.html. Writing always gives `space:
 * left-posterior-superior`, gzip without a time stamp. Reading takes LPS or RAS files of whole or
 * real HU and refuses everything that the dialect does not know, before it reads a voxel; planes
 * are read when somebody needs them.
 */
import { threeAxes } from "./axes.ts";
import { type ByteSource, Inflated, joined } from "./bytes.ts";
import { limit } from "./contract.ts";
import { type Affine, affineOf, column, Grid, lpsFromRas, type Point, type Zyx } from "./geometry.ts";
import { numbersOf, type NumberType, widthOf } from "./numbers.ts";
import { Problem } from "./problems.ts";
import { roundHalfEven } from "./rounding.ts";
import { LazyVolume } from "./volume.ts";

const TYPES: ReadonlyMap<string, NumberType> = new Map(
  (
    [
      ["i1", ["signed char", "int8", "int8_t"]],
      ["u1", ["uchar", "unsigned char", "uint8", "uint8_t"]],
      ["i2", ["short", "short int", "signed short", "int16", "int16_t"]],
      ["u2", ["ushort", "unsigned short", "uint16", "uint16_t"]],
      ["i4", ["int", "signed int", "int32", "int32_t"]],
      ["f4", ["float"]],
      ["f8", ["double"]],
    ] as const
  ).flatMap(([type, names]) => names.map((name) => [name, type] as const)),
);
const LPS = ["left-posterior-superior", "lps"];
const RAS = ["right-anterior-superior", "ras"];
const FOREIGN = ["data file", "datafile", "line skip", "byte skip", "lineskip", "byteskip"];
const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const VECTOR = new RegExp(String.raw`\(\s*(${NUMBER})\s*,\s*(${NUMBER})\s*,\s*(${NUMBER})\s*\)`, "g");
const VECTORS = new RegExp(String.raw`^(?:${VECTOR.source}\s*)+$`);
const [LOWEST_HU, HIGHEST_HU] = [-32768, 32767];
const TRAILER_BYTES = 8;

/** A file that holds an NRRD. */
export interface NrrdFile extends ByteSource {
  readonly name: string;
  readonly bytes: number;
}

/** Open a scan or a sector; real values are rounded, values beyond int16 are clipped. nrrd-unreadable, too-large. */
export async function openNrrd(file: NrrdFile): Promise<LazyVolume> {
  const { fields, end } = await readHeader(file);
  const { shape, type, little } = shapeAndType(fields, file.name);
  const grid = gridOf(fields, shape, file.name);
  const planeBytes = shape[1] * shape[2] * widthOf(type);
  const source = await dataOf(file, fields.get("encoding") ?? "", end, planeBytes * shape[0]);
  return new LazyVolume(grid, async (k) => {
    const bytes = await source.read(k * planeBytes, (k + 1) * planeBytes);
    if (bytes.length < planeBytes) throw unreadable(file.name, "fewer voxels than its header says");
    return toHu(numbersOf(bytes, type, little));
  });
}

/** Write a volume in the dialect: the file's bytes; RangeError when voxels and grid do not fit. */
export async function writeNrrd(values: Int16Array | Uint8Array, grid: Grid, content = "") {
  if (values.length !== grid.size) {
    throw new RangeError(`${String(values.length)} voxels do not fit the grid ${String(grid.shape)}`);
  }
  const kind = values instanceof Int16Array ? "int16" : "uint8";
  const head = new TextEncoder().encode(headerText(kind, grid, content));
  return joined([head, ...(await packed(values, grid.shape[0]))]);
}

/** gzip, plane by plane, by the machine's own zlib (which writes no time). */
async function packed(values: Int16Array | Uint8Array, planes: number): Promise<Uint8Array[]> {
  const gzip = new CompressionStream("gzip");
  const pieces = collect(gzip.readable);
  const writer = gzip.writable.getWriter();
  const size = values.length / planes;
  for (let k = 0; k < planes; k++) {
    const plane = values.slice(k * size, (k + 1) * size);
    await writer.write(new Uint8Array(plane.buffer));
  }
  await writer.close();
  return pieces;
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  const reader = stream.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) pieces.push(read.value);
  return pieces;
}

function headerText(kind: string, grid: Grid, content: string): string {
  const [nz, ny, nx] = grid.shape;
  const columns = ([0, 1, 2] as const).map((axis) => vector(column(grid.affine, axis))).join(" ");
  const lines = [
    "NRRD0004",
    ...(content === "" ? [] : [`content: ${content}`]),
    `type: ${kind}`,
    "dimension: 3",
    "space: left-posterior-superior",
    `sizes: ${String(nx)} ${String(ny)} ${String(nz)}`,
    `space directions: ${columns}`,
    "kinds: domain domain domain",
    "endian: little",
    "encoding: gzip",
    `space origin: ${vector(column(grid.affine, 3))}`,
  ];
  return `${lines.join("\n")}\n\n`;
}

const vector = (point: Point): string => `(${point.map(String).join(",")})`;

type Fields = ReadonlyMap<string, string>;

async function readHeader(file: NrrdFile): Promise<{ fields: Fields; end: number }> {
  const head = await file.read(0, limit("nrrd_header_bytes"));
  const text = Array.from(head, (byte) => String.fromCharCode(byte)).join("");
  if (!text.startsWith("NRRD")) throw unreadable(file.name, "it does not begin with NRRD");
  const blank = /\r?\n\r?\n/.exec(text);
  if (blank === null) throw unreadable(file.name, "its header does not end");
  const [magic, ...lines] = text.slice(0, blank.index).split(/\r?\n/);
  if (!/^NRRD000[1-5]$/.test(magic ?? "")) throw unreadable(file.name, "bad header: unknown version");
  const fields = fieldsOf(lines, file.name);
  for (const field of FOREIGN) {
    if (fields.has(field)) throw unreadable(file.name, `it uses '${field}'`);
  }
  if (fields.get("dimension") !== "3") throw unreadable(file.name, "bad header: it does not have three axes");
  return { fields, end: blank.index + blank[0].length };
}

function fieldsOf(lines: readonly string[], name: string): Fields {
  const fields = new Map<string, string>();
  for (const line of lines) {
    if (line.startsWith("#") || /^[^:]*:=/.test(line)) continue;
    const [, key, value] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined)
      throw unreadable(name, "bad header: a line without a field");
    const field = key.trim().toLowerCase();
    if (fields.has(field)) throw unreadable(name, `bad header: '${field.slice(0, 30)}' is there twice`);
    fields.set(field, value.trim());
  }
  return fields;
}

function shapeAndType(fields: Fields, name: string): { shape: Zyx; type: NumberType; little: boolean } {
  const text = fields.get("sizes") ?? "";
  const sizes = /^\d+( +\d+)*$/.test(text) ? text.split(/ +/).map(Number) : [];
  const shape = threeAxes(sizes, name, unreadable(name, "it does not have three axes"));
  const said = fields.get("type") ?? "";
  const type = TYPES.get(said.toLowerCase());
  if (type === undefined) throw unreadable(name, `voxel type ${said.slice(0, 30)}`);
  const endian = fields.get("endian") ?? "little";
  if (endian !== "little" && endian !== "big") throw unreadable(name, `endian ${endian.slice(0, 30)}`);
  return { shape, type, little: endian === "little" };
}

function gridOf(fields: Fields, shape: Zyx, name: string): Grid {
  const space = (fields.get("space") ?? "").toLowerCase();
  if (![...LPS, ...RAS].includes(space)) throw unreadable(name, "no 'space' of LPS or RAS");
  const [i, j, k, more] = vectorsOf(fields.get("space directions"));
  const [origin] = vectorsOf(fields.get("space origin"));
  if (i === undefined || j === undefined || k === undefined || more !== undefined || origin === undefined) {
    throw unreadable(name, "no usable place in space");
  }
  const affine: Affine = affineOf(i, j, k, origin);
  try {
    return new Grid(shape, LPS.includes(space) ? affine : lpsFromRas(affine));
  } catch {
    throw unreadable(name, "no usable place in space");
  }
}

function vectorsOf(text = ""): Point[] {
  if (!VECTORS.test(text)) return [];
  return [...text.matchAll(VECTOR)].map((match): Point => [
    Number(match[1]),
    Number(match[2]),
    Number(match[3]),
  ]);
}

/** The voxels' bytes, whose count is checked against the header before one is read. */
async function dataOf(
  file: NrrdFile,
  encoding: string,
  start: number,
  expected: number,
): Promise<ByteSource> {
  const { name } = file;
  const few = unreadable(name, "fewer voxels than its header says");
  const many = unreadable(name, "more voxels than its header says");
  if (encoding.toLowerCase() === "raw") {
    if (file.bytes - start !== expected) throw file.bytes - start < expected ? few : many;
    return { read: (from, to) => file.read(start + from, start + to) };
  }
  if (!["gzip", "gz"].includes(encoding.toLowerCase())) {
    throw unreadable(name, `encoding ${encoding.slice(0, 30)}`);
  }
  const trailer = await file.read(Math.max(start, file.bytes - TRAILER_BYTES), file.bytes);
  if (trailer.length < TRAILER_BYTES) throw few;
  const view = new DataView(trailer.buffer);
  const length = view.getUint32(4, true);
  if (length !== expected % 2 ** 32) throw length < expected ? few : many;
  return new Inflated({
    source: file,
    start,
    stop: file.bytes,
    packing: "gzip",
    most: expected,
    tooMuch: () => many,
    damaged: () => unreadable(name, "damaged gzip data"),
    whole: { crc: view.getUint32(0, true), length: expected },
  });
}

function toHu(values: ArrayLike<number>): Int16Array {
  if (values instanceof Int16Array) return values;
  return Int16Array.from(values, (value) =>
    Number.isNaN(value) ? 0 : Math.min(Math.max(roundHalfEven(value), LOWEST_HU), HIGHEST_HU),
  );
}

const unreadable = (name: string, reason: string): Problem =>
  new Problem("nrrd-unreadable", { name, reason });
