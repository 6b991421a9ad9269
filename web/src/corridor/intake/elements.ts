/**
 * A DICOM file up to its pixels: one linear, bounded walk that keeps the elements somebody asked for.
 *
 * The twin of elements.py. The walk (PS3.5 section 7, PS3.10 section 7) goes over the elements once,
 * follows sequences of undefined length without recursion, and stops at the pixel data. It sees
 * only the first part of the file, and a longer part when that one does not reach the pixels.
 */
import { type ByteSource, Inflated } from "../bytes.ts";
import { limit } from "../contract.ts";
import { Problem } from "../problems.ts";
import { DataSet, type Encoding, isLong, isVr } from "./dataset.ts";
import type { Member } from "./files.ts";
import { LARGE_BYTES } from "./tags.ts";

export const IMPLICIT_LITTLE = "1.2.840.10008.1.2";
export const EXPLICIT_LITTLE = "1.2.840.10008.1.2.1";
export const EXPLICIT_BIG = "1.2.840.10008.1.2.2";
export const DEFLATED = "1.2.840.10008.1.2.1.99";

export const PIXEL_DATA = 0x7fe00010;
export const FLOAT_PIXEL_DATA = 0x7fe00008;
export const DOUBLE_PIXEL_DATA = 0x7fe00009;
const PIXELS: ReadonlySet<number> = new Set([PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA]);
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const UNDEFINED = 0xffffffff;

/** Elements of a meta group; the standard knows some dozen. */
const META_ELEMENTS = 100;
/** Elements and items inside kept sequences: some hundred for each of some thousand frames. */
const KEPT_ELEMENTS = 400_000;
/** How much of a file is looked at, in turn, until the pixels are reached. */
const PREFIX_BYTES = [1 << 14, 1 << 18, 1 << 22, 1 << 26] as const;

/** Where the pixel data lie. */
export interface PixelSpan {
  readonly tag: number;
  /** First byte of the value in the file (in the inflated data set of a deflated file). */
  readonly start: number;
  /** Bytes of the value as declared; null when it comes in fragments. */
  readonly length: number | null;
}

/** A file's data set up to its pixels, without what nobody asked for. */
export interface Head {
  /** Transfer syntax UID as written, empty where none is given. */
  readonly syntax: string;
  /** SOP class UID of the meta group, empty where it gives none. */
  readonly sopClass: string;
  readonly little: boolean;
  readonly data: DataSet;
  /** Null when the file ends without any. */
  readonly pixels: PixelSpan | null;
  /** The bytes that the offsets of `pixels` fit: the file, or its inflated data set. */
  readonly values: ByteSource;
}

/** Read one file's head; file-empty, not-an-image, dicom-damaged, or too-large for a deflated bomb. */
export async function readHead(member: Member, wanted: ReadonlyMap<number, number>): Promise<Head> {
  if (member.bytes === 0) throw new Problem("file-empty", { name: member.name });
  const first = await member.read(0, PREFIX_BYTES[0]);
  const meta = await readMeta(member, first);
  if (meta.syntax !== DEFLATED) return headOf(new Prefix(member, first), meta, member.name, wanted);
  const values = inflatedValues(member, meta.start);
  const prefix = new Prefix(values, await values.read(0, PREFIX_BYTES[0]));
  return headOf(prefix, { ...meta, start: 0 }, member.name, wanted);
}

/** What the meta group says, and where the data set begins. */
interface Meta {
  readonly syntax: string;
  readonly sopClass: string;
  readonly start: number;
}

function inflatedValues(member: Member, start: number): ByteSource {
  const { name } = member;
  const most = limit("inflated_header_bytes");
  return new Inflated({
    source: member,
    start,
    stop: member.bytes,
    packing: "raw",
    most,
    tooMuch: () => new Problem("too-large", { name, limit: most }),
    damaged: () => new Problem("dicom-damaged", { name, reason: "its deflated data are damaged" }),
  });
}

async function headOf(
  prefix: Prefix,
  meta: Meta,
  name: string,
  wanted: ReadonlyMap<number, number>,
): Promise<Head> {
  const { syntax, sopClass, start } = meta;
  const encoding = encodingOf(prefix.bytes.subarray(start), syntax);
  for (;;) {
    try {
      const [data, pixels] = new Walk(prefix.bytes, start, encoding, name, prefix.complete).run(wanted);
      return { syntax, sopClass, little: encoding.little, data, pixels, values: prefix.source };
    } catch (error) {
      if (!(error instanceof BrokenOff) || !(await prefix.grow())) throw error;
    }
  }
}

/** The first bytes of a source, more of them when they are asked for. */
class Prefix {
  complete: boolean;

  constructor(
    readonly source: ByteSource,
    public bytes: Uint8Array<ArrayBuffer>,
  ) {
    this.complete = bytes.length < PREFIX_BYTES[0];
  }

  /** Look at more; false when there is no more to look at. */
  async grow(): Promise<boolean> {
    const due = PREFIX_BYTES.find((n) => n > this.bytes.length);
    if (this.complete || due === undefined) return false;
    this.bytes = await this.source.read(0, due);
    this.complete = this.bytes.length < due;
    return true;
  }
}

class BrokenOff extends Problem {
  constructor(name: string) {
    super("dicom-damaged", { name, reason: "it breaks off before its pixels" });
  }
}

/** The transfer syntax and where the data set begins. */
async function readMeta(member: Member, first: Uint8Array<ArrayBuffer>): Promise<Meta> {
  const { name } = member;
  let start = startOfMeta(first, name);
  const said = { 0x02: "", 0x10: "" };
  for (let element = 0; element < META_ELEMENTS; element++) {
    const head = start + 12 <= first.length ? first.subarray(start) : await member.read(start, start + 12);
    if (head.length < 8) throw damaged(name, "no data set after the meta group");
    const view = viewOf(head);
    if (view.getUint16(0, true) !== 2) return { syntax: said[0x10], sopClass: said[0x02], start };
    const { vr, value, length } = metaElement(view, start);
    if (!isVr(vr) || value + length > member.bytes) throw damaged(name, "bad element in the meta group");
    const number = view.getUint16(2, true);
    if (number === 0x02 || number === 0x10) said[number] = await readUid(member, value, length);
    start = value + length;
  }
  throw damaged(name, "too many elements in the meta group");
}

async function readUid(member: Member, at: number, length: number): Promise<string> {
  return ascii(await member.read(at, at + Math.min(length, 64))).replace(/^[\0 ]+|[\0 ]+$/g, "");
}

function startOfMeta(first: Uint8Array, name: string): number {
  if (ascii(first.subarray(128, 132)) === "DICM") return 132;
  if (looksLikeDicom(first)) return 0;
  throw new Problem("not-an-image", { name, reason: "it does not begin like DICOM" });
}

/** Read an element's head in explicit VR little endian: VR, where its value begins, its length. */
function metaElement(view: DataView, at: number): { vr: string; value: number; length: number } {
  const vr = String.fromCharCode(view.getUint8(4), view.getUint8(5));
  if (!isLong(vr)) return { vr, value: at + 8, length: view.getUint16(6, true) };
  return { vr, value: at + 12, length: view.byteLength < 12 ? UNDEFINED : view.getUint32(8, true) };
}

/** A data set without preamble: its first element is of group 2 or 8, in some encoding. */
function looksLikeDicom(first: Uint8Array): boolean {
  if (first.length < 8) return false;
  const view = viewOf(first);
  const little = ![0x0200, 0x0800].includes(view.getUint16(0, true));
  const group = view.getUint16(0, little);
  if ((group !== 2 && group !== 8) || view.getUint16(2, little) > 0x2000) return false;
  return isVr(ascii(first.subarray(4, 6))) || view.getUint32(4, true) <= 0x400;
}

/** Implicit VR and byte order as the first element shows, whatever the syntax says. */
function encodingOf(first: Uint8Array, syntax: string): Encoding {
  const implicit = !isVr(ascii(first.subarray(4, 6)));
  if (syntax !== "") return { implicit, little: syntax !== EXPLICIT_BIG };
  return { implicit, little: !(first[0] === 0 && first[1] === 8) };
}

interface Element {
  readonly tag: number;
  readonly vr: string;
  readonly length: number;
}

interface Level {
  readonly inside: "item" | "sequence" | "fragments";
  readonly implicit: boolean;
}

/** The state of one walk: where it is and what it has counted. */
class Walk {
  private readonly view: DataView;
  private left = limit("dicom_elements");

  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly encoding: Encoding,
    private readonly name: string,
    private readonly complete: boolean,
  ) {
    this.view = viewOf(bytes);
  }

  /** Walk over the top level; the kept elements and the pixels' place. */
  run(wanted: ReadonlyMap<number, number>): [DataSet, PixelSpan | null] {
    const data = new DataSet(this.encoding);
    while (this.hasMore()) {
      this.count();
      const { tag, vr, length } = this.element(this.encoding.implicit);
      if (PIXELS.has(tag)) {
        return [data, { tag, start: this.at, length: length === UNDEFINED ? null : length }];
      }
      if (tag >>> 16 === 0xfffe) throw damaged(this.name, "a delimiter outside of any sequence");
      const most = wanted.get(tag);
      if (most === undefined) {
        this.passBy(vr, length);
        continue;
      }
      if (data.has(tag)) throw damaged(this.name, `element ${hex(tag)} is there twice`);
      data.add(tag, vr, this.keep(vr, length, most));
    }
    return [data, null];
  }

  private hasMore(): boolean {
    if (this.bytes.length - this.at >= 8) return true;
    if (!this.complete) throw new BrokenOff(this.name);
    return false;
  }

  /** The value of an element, of a sequence with all its delimiters. */
  private keep(vr: string, length: number, most: number): Uint8Array {
    if (length !== UNDEFINED && length > most) throw damaged(this.name, "an element is too long");
    const start = this.at;
    const { left } = this;
    this.left = KEPT_ELEMENTS;
    this.passBy(vr, length);
    this.left = left;
    if (this.at - start > LARGE_BYTES) throw damaged(this.name, "an element is too long");
    return this.bytes.slice(start, this.at);
  }

  /** Go past a value; one of undefined length is followed to its delimiter, level by level. */
  private passBy(vr: string, length: number): void {
    if (length !== UNDEFINED) {
      this.skip(length);
      return;
    }
    const levels: Level[] = [levelOf(vr, this.encoding.implicit)];
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      this.count();
      if (levels.length > 2 * limit("dicom_depth")) {
        throw damaged(this.name, `sequences nested deeper than ${String(limit("dicom_depth"))}`);
      }
      if (level.inside === "item") this.stepInItem(levels, level.implicit);
      else this.stepInSequence(levels, level);
    }
  }

  private stepInSequence(levels: Level[], level: Level): void {
    const { tag, length } = this.delimiter();
    if (tag === SEQUENCE_END && length === 0) {
      levels.pop();
    } else if (tag !== ITEM) {
      throw damaged(this.name, "a sequence holds something else than items");
    } else if (length !== UNDEFINED) {
      this.skip(length);
    } else if (level.inside === "fragments") {
      throw damaged(this.name, "a fragment of undefined length");
    } else {
      levels.push({ inside: "item", implicit: level.implicit });
    }
  }

  private stepInItem(levels: Level[], implicit: boolean): void {
    const { tag, vr, length } = this.element(implicit);
    if (tag === ITEM_END) levels.pop();
    else if (length === UNDEFINED) levels.push(levelOf(vr, implicit));
    else this.skip(length);
  }

  private delimiter(): Element {
    const at = this.at;
    this.skip(8);
    const { little } = this.encoding;
    return { tag: tagAt(this.view, at, little), vr: "", length: this.view.getUint32(at + 4, little) };
  }

  /** Read an element's head. */
  private element(implicit: boolean): Element {
    const at = this.at;
    const { tag, length } = this.delimiter();
    if (implicit || tag >>> 16 === 0xfffe) return { tag, vr: "", length };
    const vr = ascii(this.bytes.subarray(at + 4, at + 6));
    if (isLong(vr)) {
      this.skip(4);
      return { tag, vr, length: this.view.getUint32(at + 8, this.encoding.little) };
    }
    if (!isVr(vr)) throw damaged(this.name, "an element of an unknown kind");
    return { tag, vr, length: this.view.getUint16(at + 6, this.encoding.little) };
  }

  private skip(n: number): void {
    if (this.at + n > this.bytes.length) throw new BrokenOff(this.name);
    this.at += n;
  }

  private count(): void {
    this.left -= 1;
    if (this.left < 0) throw damaged(this.name, "too many elements before the pixels");
  }
}

function levelOf(vr: string, implicit: boolean): Level {
  if (vr === "OB" || vr === "OW") return { inside: "fragments", implicit };
  return { inside: "sequence", implicit: implicit || vr === "UN" }; // UN of undefined length is implicit inside
}

export function tagAt(view: DataView, at: number, little: boolean): number {
  return view.getUint16(at, little) * 0x10000 + view.getUint16(at + 2, little);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const hex = (tag: number): string => tag.toString(16).toUpperCase().padStart(8, "0");

const ascii = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

const damaged = (name: string, reason: string): Problem => new Problem("dicom-damaged", { name, reason });
