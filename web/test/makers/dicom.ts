/** DICOM files made for tests: explicit little endian, one slice of CT or what a test changes about it. */
import type { Handed, Member } from "../../src/corridor/intake/files.ts";
import { joined } from "../../src/corridor/bytes.ts";

export const CT_CLASS = "1.2.840.10008.5.1.4.1.1.2";
export const EXPLICIT = "1.2.840.10008.1.2.1";

/** One element: tag, VR, value; a sequence holds items of elements. */
export type Element = readonly [tag: number, vr: string, value: string | number[] | Uint8Array | Element[][]];

export interface SliceOptions {
  readonly z?: number;
  readonly rows?: number;
  readonly columns?: number;
  /** Stored values, row by row; z itself everywhere when left out. */
  readonly values?: ArrayLike<number>;
  readonly syntax?: string;
  readonly series?: string;
  /** Elements that replace those of the slice, by tag; null takes one out. */
  readonly change?: readonly (Element | readonly [number, null])[] | undefined;
  readonly preamble?: boolean;
}

const LONG = ["OB", "OW", "SQ", "UN", "OF", "OD", "OV", "UT"];

/** The bytes of one CT slice. */
export function dicomSlice(options: SliceOptions = {}): Uint8Array<ArrayBuffer> {
  const { syntax = EXPLICIT, preamble = true, change = [] } = options;
  const elements = new Map(sliceElements(options).map((element) => [element[0], element]));
  for (const one of change) {
    if (one[1] === null) elements.delete(one[0]);
    else elements.set(one[0], one);
  }
  const body = encode([...elements.values()].sort((a, b) => a[0] - b[0]));
  const meta = encode([[0x00020010, "UI", syntax]]);
  const head = preamble ? joined([new Uint8Array(128), new TextEncoder().encode("DICM")]) : new Uint8Array(0);
  return joined([head, meta, body]);
}

function sliceElements({
  z = 0,
  rows = 16,
  columns = 16,
  values,
  series = "1.2.3",
}: SliceOptions): Element[] {
  const stored = values ?? new Array<number>(rows * columns).fill(Math.round(z) & 0xffff);
  return [
    [0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"],
    [0x00080016, "UI", CT_CLASS],
    [0x00080060, "CS", "CT"],
    [0x00100010, "PN", "Somebody^Else"],
    [0x0020000e, "UI", series],
    [0x00200032, "DS", `-100\\-120\\${String(z)}`],
    [0x00200037, "DS", "1\\0\\0\\0\\1\\0"],
    [0x00200052, "UI", "1.2.4"],
    [0x00280002, "US", [1]],
    [0x00280004, "CS", "MONOCHROME2"],
    [0x00280010, "US", [rows]],
    [0x00280011, "US", [columns]],
    [0x00280030, "DS", "3\\2.5"],
    [0x00280100, "US", [16]],
    [0x00280101, "US", [16]],
    [0x00280102, "US", [15]],
    [0x00280103, "US", [1]],
    [0x00281052, "DS", "-1000"],
    [0x00281053, "DS", "2"],
    [0x7fe00010, "OW", words(stored)],
  ];
}

/** Elements in explicit VR little endian, in the order given. */
export function encode(elements: readonly Element[]): Uint8Array<ArrayBuffer> {
  return joined(elements.map(([tag, vr, value]) => withHead(tag, vr, valueBytes(vr, value))));
}

/** Encapsulated pixel data: an offset table (empty), fragments, a delimiter. */
export function encapsulated(fragments: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const items = [new Uint8Array(0), ...fragments].map((bytes) =>
    joined([itemHead(0xe000, bytes.length), bytes]),
  );
  const head = joined([tagBytes(0x7fe00010), text("OB"), new Uint8Array(2), long(0xffffffff)]);
  return joined([head, ...items, itemHead(0xe0dd, 0)]);
}

export const words = (values: ArrayLike<number>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Uint16Array.from(values, (value) => value & 0xffff).buffer);

/** A file as the page hands it over. */
export const handed = (path: string, ...parts: Uint8Array<ArrayBuffer>[]): Handed => ({
  path,
  file: new Blob(parts),
});

/** A member as the intake sees it. */
export const member = (name: string, bytes: Uint8Array<ArrayBuffer>): Member => ({
  name,
  bytes: bytes.length,
  packed: false,
  read: (start, stop) => Promise.resolve(bytes.slice(start, stop)),
});

/** Slices of one series at these places, named so that the names say nothing about the order. */
export function seriesAt(places: readonly number[], options: SliceOptions = {}): Handed[] {
  return places.map((z, n) =>
    handed(`scan/${String((n * 7919) % 1009)}-${String(n)}.dcm`, dicomSlice({ ...options, z })),
  );
}

function valueBytes(vr: string, value: Element[2]): Uint8Array {
  if (typeof value === "string") return even(text(value), vr === "UI" ? 0 : 32);
  if (value instanceof Uint8Array) return even(value, 0);
  if (vr === "SQ") return joined((value as Element[][]).map(item));
  return words(value as number[]);
}

function item(elements: Element[]): Uint8Array {
  const body = encode(elements);
  return joined([itemHead(0xe000, body.length), body]);
}

const withHead = (tag: number, vr: string, value: Uint8Array): Uint8Array =>
  LONG.includes(vr)
    ? joined([tagBytes(tag), text(vr), new Uint8Array(2), long(value.length), value])
    : joined([tagBytes(tag), text(vr), words([value.length]), value]);

const itemHead = (element: number, length: number): Uint8Array =>
  joined([words([0xfffe, element]), long(length)]);
const tagBytes = (tag: number): Uint8Array => words([tag >>> 16, tag & 0xffff]);
const long = (value: number): Uint8Array => words([value & 0xffff, value >>> 16]);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const even = (bytes: Uint8Array, pad: number): Uint8Array =>
  bytes.length % 2 === 0 ? bytes : joined([bytes, Uint8Array.of(pad)]);
