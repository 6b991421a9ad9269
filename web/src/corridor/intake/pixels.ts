/**
 * One frame's stored values and its HU.
 *
 * Stored values are masked to BitsStored and extend their sign from HighBit (PS3.5 section 8.1.1);
 * HU are slope x stored + intercept, or the modality LUT (PS3.3 C.11.1). What the header declares
 * as padding, and whatever lies below air, is air.
 */
import { Problem } from "../problems.ts";
import { roundHalfEven } from "../rounding.ts";
import { AIR_HU } from "../volume.ts";
import { decodeFrame, isDecodable } from "./codecs.ts";
import type { Stored } from "./decoders/decode.ts";
import { DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE } from "./elements.ts";
import { type FrameTable, frameTable, readFrame } from "./frames.ts";
import type { Header } from "./headers.ts";

const NATIVE: ReadonlySet<string> = new Set(["", IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED]);
const HIGHEST_HU = 32767;

/** The frames of one file, read one at a time; syntax-unsupported at once, the rest when a frame is read. */
export class Frames {
  private table: Promise<FrameTable> | undefined;

  constructor(readonly header: Header) {
    const { name, syntax } = header;
    const compressed = header.pixels.length === null;
    if (!NATIVE.has(syntax) && !(compressed && isDecodable(syntax))) {
      throw new Problem("syntax-unsupported", { name, syntax: syntax.slice(0, 64) });
    }
    if (compressed && NATIVE.has(syntax)) {
      throw new Problem("dicom-damaged", { name, reason: "fragments of uncompressed pixels" });
    }
  }

  /** Look for the fragments of every frame without decoding one; slice-truncated, dicom-damaged. */
  async check(): Promise<void> {
    await this.find();
  }

  /** Read one frame's stored values, (y, x): whole numbers, or real ones where the file holds such. */
  async stored(index: number): Promise<Stored> {
    const { header } = this;
    const frame = await readFrame(header, index, await this.find());
    const values = header.pixels.length === null ? await decodeFrame(header, frame) : native(header, frame);
    return header.isFloat ? requireFinite(values, header) : meant(values, header);
  }

  /** Read one frame as (y, x) int16 HU, padding turned into air. */
  async hu(index: number): Promise<Int16Array> {
    return toHu(this.header, index, await this.stored(index));
  }

  private find(): Promise<FrameTable> {
    this.table ??= frameTable(this.header);
    return this.table;
  }
}

/** Turn stored values into HU as the header says, padding into air, clipped to air..int16. */
function toHu(header: Header, index: number, stored: Stored): Int16Array {
  const { slope, intercept } = header.planes[index]!;
  const hu = new Int16Array(stored.length);
  if (header.table.length > 0) fillFromTable(hu, stored, header);
  else fillFromLine(hu, stored, slope, intercept);
  if (header.padding !== null) clearPadding(hu, stored, header.padding);
  return hu;
}

function fillFromTable(hu: Int16Array, stored: Stored, { table, tableFirst }: Header): void {
  const last = table.length - 1;
  for (let at = 0; at < hu.length; at++) {
    const value = table[Math.min(Math.max(stored[at]! - tableFirst, 0), last)]!;
    hu[at] = Math.min(Math.max(roundHalfEven(value), AIR_HU), HIGHEST_HU);
  }
}

function fillFromLine(hu: Int16Array, stored: Stored, slope: number, intercept: number): void {
  const isWhole = Number.isInteger(slope) && Number.isInteger(intercept) && !isReal(stored);
  if (isWhole && stored instanceof Int32Array) {
    fillFromWholeLine(hu, stored, slope, intercept);
    return;
  }
  for (let at = 0; at < hu.length; at++) {
    const real = stored[at]! * slope + intercept;
    const value = isWhole ? real : roundHalfEven(real);
    hu[at] = value < AIR_HU ? AIR_HU : value > HIGHEST_HU ? HIGHEST_HU : value;
  }
}

/** The common case on its own: one kind of array, so that the loop is compiled for it. */
function fillFromWholeLine(hu: Int16Array, stored: Int32Array, slope: number, intercept: number): void {
  for (let at = 0; at < hu.length; at++) {
    const value = stored[at]! * slope + intercept;
    hu[at] = value < AIR_HU ? AIR_HU : value > HIGHEST_HU ? HIGHEST_HU : value;
  }
}

function clearPadding(hu: Int16Array, stored: Stored, [low, high]: readonly [number, number]): void {
  for (let at = 0; at < hu.length; at++) if (stored[at]! >= low && stored[at]! <= high) hu[at] = AIR_HU;
}

const isReal = (values: Stored): boolean => values instanceof Float32Array || values instanceof Float64Array;

function native(header: Header, frame: Uint8Array<ArrayBuffer>): Stored {
  const { bitsAllocated, isFloat, little } = header;
  if (bitsAllocated === 8) return frame;
  const width = bitsAllocated / 8;
  const bytes = little && frame.byteOffset % width === 0 ? frame : ordered(frame, width, little);
  const [buffer, offset, count] = [bytes.buffer, bytes.byteOffset, bytes.length / width];
  if (isFloat)
    return width === 4 ? new Float32Array(buffer, offset, count) : new Float64Array(buffer, offset, count);
  return width === 2 ? new Uint16Array(buffer, offset, count) : new Uint32Array(buffer, offset, count);
}

/** Copy values of some bytes each into the order of this machine (little endian everywhere by now). */
function ordered(bytes: Uint8Array<ArrayBuffer>, width: number, little: boolean): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  if (little) return copy;
  for (let at = 0; at < copy.length; at += width) copy.subarray(at, at + width).reverse();
  return copy;
}

function requireFinite(values: Stored, header: Header): Stored {
  if (values.every((value) => Number.isFinite(value))) return values;
  throw new Problem("dicom-damaged", { name: header.name, reason: "pixels that are no numbers" });
}

/** Mask to the stored bits and extend the sign from the high bit. */
function meant(values: Stored, header: Header): Stored {
  const up = 31 - header.highBit;
  const down = 32 - header.bitsStored;
  const fits = header.signed || header.bitsStored < 32;
  const out = fits ? new Int32Array(values.length) : new Uint32Array(values.length);
  for (let at = 0; at < out.length; at++) {
    const word = values[at]! << up;
    out[at] = header.signed ? word >> down : word >>> down;
  }
  return out;
}
