/** Kept DICOM elements and their values (PS3.5 section 6.2); sequences are read when asked for. */
import { limit } from "../contract.ts";

const LONG_VRS: ReadonlySet<string> = new Set("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" "));
const SHORT_VRS: ReadonlySet<string> = new Set(
  "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split(" "),
);
/** What may hold 16-bit words. */
const WORD_VRS: ReadonlySet<string> = new Set("US SS OW OB UN".split(" "));
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const UNDEFINED = 0xffffffff;
/** Elements and items inside one kept sequence. */
const MOST_ELEMENTS = 400_000;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** How elements are written. */
export interface Encoding {
  readonly implicit: boolean;
  readonly little: boolean;
}

/** An element whose value cannot be what its tag says; `kind` names what was wrong, never a value. */
export class BadElement extends Error {}

export const isLong = (vr: string): boolean => LONG_VRS.has(vr);
export const isVr = (vr: string): boolean => LONG_VRS.has(vr) || SHORT_VRS.has(vr);

interface Kept {
  readonly vr: string;
  readonly value: Uint8Array;
}

/** Elements by tag. A getter for an absent element gives its empty answer; BadElement for a wrong one. */
export class DataSet {
  private readonly elements = new Map<number, Kept>();

  constructor(private readonly encoding: Encoding) {}

  has(tag: number): boolean {
    return this.elements.has(tag);
  }

  add(tag: number, vr: string, value: Uint8Array): void {
    this.elements.set(tag, { vr, value });
  }

  /** Text without padding, empty where there is none. */
  text(tag: number): string {
    return decode(this.elements.get(tag)?.value).trim();
  }

  /** The values of a text with several. */
  texts(tag: number): string[] {
    const text = this.text(tag);
    return text === "" ? [] : text.split("\\").map((value) => value.trim());
  }

  /** Decimal strings or binary numbers; null where there is no element or an empty one. */
  numbers(tag: number): number[] | null {
    const kept = this.elements.get(tag);
    if (kept === undefined || kept.value.length === 0) return null;
    if (kept.vr === "FD") return this.binary(kept.value, 8, "getFloat64");
    if (kept.vr === "FL") return this.binary(kept.value, 4, "getFloat32");
    const texts = this.texts(tag);
    return texts.length === 0 ? null : texts.map(decimal);
  }

  /** 16-bit words, signed where the VR says so; null where there is no element. */
  words(tag: number): number[] | null {
    const kept = this.elements.get(tag);
    if (kept === undefined || kept.value.length === 0) return null;
    if (kept.vr === "UL" || kept.vr === "SL") return this.binary(kept.value, 4, "getUint32");
    if (kept.vr === "IS") return this.texts(tag).map(decimal);
    if (kept.vr !== "" && !WORD_VRS.has(kept.vr)) throw new BadElement("kind");
    return this.binary(kept.value, 2, kept.vr === "SS" ? "getInt16" : "getUint16");
  }

  /** Unsigned 64-bit numbers. */
  offsets(tag: number): number[] {
    const { value } = this.elements.get(tag) ?? { value: new Uint8Array(0) };
    const whole = value.subarray(0, value.length - (value.length % 8));
    return this.binary(whole, 8, "getBigUint64");
  }

  /** The items of a sequence; null where there is no element. */
  items(tag: number): DataSet[] | null {
    const kept = this.elements.get(tag);
    if (kept === undefined) return null;
    const implicit = this.encoding.implicit || kept.vr === "UN";
    return new Items(kept.value, { implicit, little: this.encoding.little }).read();
  }

  private binary(value: Uint8Array, size: number, get: Getter): number[] {
    if (value.length % size !== 0) throw new BadElement("length");
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    return Array.from({ length: value.length / size }, (_, n) =>
      Number(view[get](n * size, this.encoding.little)),
    );
  }
}

type Getter = "getFloat64" | "getFloat32" | "getUint32" | "getInt16" | "getUint16" | "getBigUint64";

/** One number as text (DS, IS); BadElement for anything else, so that no half number is taken. */
export function decimal(text: string): number {
  if (DECIMAL.test(text)) return Number(text);
  if (/^[+-]?(nan|inf|infinity)$/i.test(text)) return NaN;
  throw new BadElement("number");
}

function decode(value: Uint8Array | undefined): string {
  let text = "";
  for (const byte of value ?? []) text += String.fromCharCode(byte);
  return text.replaceAll("\0", " ");
}

/** A reader of the items inside one sequence's value. */
class Items {
  private readonly view: DataView;
  private at = 0;
  private left = MOST_ELEMENTS;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly encoding: Encoding,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): DataSet[] {
    const sets: DataSet[] = [];
    while (this.at + 8 <= this.bytes.length) {
      const { tag, length } = this.head();
      if (tag === SEQUENCE_END) break;
      if (tag !== ITEM) throw new BadElement("sequence");
      sets.push(this.item(length, this.encoding.implicit));
    }
    return sets;
  }

  private item(length: number, implicit: boolean): DataSet {
    const set = new DataSet({ implicit, little: this.encoding.little });
    const stop = length === UNDEFINED ? this.bytes.length : this.at + length;
    if (stop > this.bytes.length) throw new BadElement("item");
    while (this.at + 8 <= stop) {
      const { tag, vr, length: size } = this.element(implicit);
      if (tag === ITEM_END) break;
      const start = this.at;
      if (size === UNDEFINED) this.passSequence(vr, implicit || vr === "UN", 1);
      else this.skip(size);
      set.add(tag, vr, this.bytes.subarray(start, this.at));
    }
    return set;
  }

  /** Go past a sequence of undefined length, its delimiter included. */
  private passSequence(vr: string, implicit: boolean, depth: number): void {
    if (depth > limit("dicom_depth")) throw new BadElement("depth");
    for (;;) {
      const { tag, length } = this.head();
      if (tag === SEQUENCE_END) return;
      if (tag !== ITEM) throw new BadElement("sequence");
      if (length !== UNDEFINED) this.skip(length);
      else if (vr === "OB" || vr === "OW") throw new BadElement("fragment");
      else this.passItem(implicit, depth);
    }
  }

  private passItem(implicit: boolean, depth: number): void {
    for (;;) {
      const { tag, vr, length } = this.element(implicit);
      if (tag === ITEM_END) return;
      if (length === UNDEFINED) this.passSequence(vr, implicit || vr === "UN", depth + 1);
      else this.skip(length);
    }
  }

  private head(): { tag: number; length: number } {
    const at = this.at;
    this.left -= 1;
    if (this.left < 0) throw new BadElement("count");
    this.skip(8);
    const { little } = this.encoding;
    const tag = this.view.getUint16(at, little) * 0x10000 + this.view.getUint16(at + 2, little);
    return { tag, length: this.view.getUint32(at + 4, little) };
  }

  private element(implicit: boolean): { tag: number; vr: string; length: number } {
    const at = this.at;
    const { tag, length } = this.head();
    if (implicit || tag >>> 16 === 0xfffe) return { tag, vr: "", length };
    const vr = String.fromCharCode(this.bytes[at + 4]!, this.bytes[at + 5]!);
    if (!isVr(vr)) throw new BadElement("kind");
    if (!isLong(vr)) return { tag, vr, length: this.view.getUint16(at + 6, this.encoding.little) };
    this.skip(4);
    return { tag, vr, length: this.view.getUint32(at + 8, this.encoding.little) };
  }

  private skip(n: number): void {
    if (this.at + n > this.bytes.length) throw new BadElement("length");
    this.at += n;
  }
}
