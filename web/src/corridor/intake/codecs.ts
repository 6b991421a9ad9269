/**
 * Compressed frames to stored values: the stream is checked against the header before it is decoded.
 *
 * The twin of codecs.py. Every decoder gives what its stream says, whatever the header says, and
 * fills half a stream in silence; so size, components and precision are read from the stream itself
 * (SOF of JPEG and JPEG-LS, ITU-T T.81 and T.87; SIZ of JPEG 2000, T.800), and the end marker is
 * looked for. A decoder is loaded when the first frame of its syntax comes.
 */
import { Problem } from "../problems.ts";
import type { Decode, Stored } from "./decoders/decode.ts";
import { viewOf } from "./elements.ts";
import type { Header } from "./headers.ts";
import { decodeRle } from "./rle.ts";

export const RLE = "1.2.840.10008.1.2.5";
const TRANSFER = "1.2.840.10008.1.2.4.";
const SOF_JPEG_LS = 55;
/** JPEG 2000 has no SOF. */
const NO_SOF = -1;
const MOST_TILES = 4096;

interface Syntax {
  /** The kinds of frame header that a stream of this syntax may have. */
  readonly sof: readonly number[];
  /** Loads the decoder. */
  readonly load: () => Promise<{ readonly decode: Decode }>;
}

const jpeg: Syntax = { sof: [0, 1], load: () => import("./decoders/jpeg.ts") };
const jpegLossless: Syntax = { sof: [3], load: () => import("./decoders/jpeg-lossless.ts") };
const jpegLs: Syntax = { sof: [SOF_JPEG_LS], load: () => import("./decoders/jpeg-ls.ts") };
const jpeg2000: Syntax = { sof: [NO_SOF], load: () => import("./decoders/jpeg-2000.ts") };
const htj2k: Syntax = { sof: [NO_SOF], load: () => import("./decoders/htj2k.ts") };

/** By the last part of the transfer syntax; 12-bit JPEG (.51) is left out: no decoder of the page is right. */
const SYNTAXES: ReadonlyMap<string, Syntax> = new Map([
  ["50", jpeg],
  ["57", jpegLossless],
  ["70", jpegLossless],
  ["80", jpegLs],
  ["81", jpegLs],
  ["90", jpeg2000],
  ["91", jpeg2000],
  ["201", htj2k],
  ["202", htj2k],
  ["203", htj2k],
]);

/** What a compressed stream says of itself. */
interface Facts {
  readonly rows: number;
  readonly columns: number;
  readonly components: number;
  readonly precision: number;
  readonly signed: boolean;
  readonly sof: number;
}

/** A stream that cannot be what it says; `message` names what was wrong. */
class BadStream extends Error {}

/** Tell whether compressed frames of a transfer syntax can be read. */
export const isDecodable = (syntax: string): boolean => syntax === RLE || syntaxOf(syntax) !== undefined;

/** Decode one compressed frame; syntax-unsupported, slice-truncated, dicom-damaged. */
export async function decodeFrame(header: Header, bytes: Uint8Array<ArrayBuffer>): Promise<Stored> {
  if (header.syntax === RLE) return decodeRle(header, bytes);
  const frame = codestream(bytes);
  const syntax = syntaxOf(header.syntax);
  if (syntax === undefined) {
    throw new Problem("syntax-unsupported", { name: header.name, syntax: header.syntax.slice(0, 64) });
  }
  requireFit(header, syntax, factsOf(header, frame));
  requireEnd(header, frame);
  const { decode } = await syntax.load();
  const values = await decodedBy(decode, header, frame);
  if (values.length !== header.rows * header.columns) {
    throw damaged(header, "the decoder gave another size");
  }
  return values;
}

function syntaxOf(uid: string): Syntax | undefined {
  return uid.startsWith(TRANSFER) ? SYNTAXES.get(uid.slice(TRANSFER.length)) : undefined;
}

/** Take a JPEG 2000 codestream out of the boxes of a JP2 file, which DICOM does not allow. */
function codestream(frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (!isText(frame, 4, "jP  ")) return frame;
  for (let at = 8; at + 4 <= frame.length; at++) {
    if (isText(frame, at, "jp2c")) return frame.subarray(at + 4);
  }
  return frame;
}

const isText = (bytes: Uint8Array, at: number, text: string): boolean =>
  Array.from(text).every((letter, n) => bytes[at + n] === letter.charCodeAt(0));

/** Decoders are foreign code that throws numbers and strings: whatever comes is one clear problem. */
async function decodedBy(decode: Decode, header: Header, frame: Uint8Array<ArrayBuffer>): Promise<Stored> {
  try {
    return await decode(frame);
  } catch {
    throw damaged(header, "its compressed pixels are damaged");
  }
}

function requireFit(header: Header, syntax: Syntax, facts: Facts): void {
  const size = `${String(facts.columns)} x ${String(facts.rows)}`;
  const sizeDue = `${String(header.columns)} x ${String(header.rows)}`;
  const rules: readonly (readonly [boolean, string])[] = [
    [syntax.sof.includes(facts.sof), "its stream is of another kind than its header says"],
    [size === sizeDue, `its stream is ${size}, its header ${sizeDue}`],
    [facts.components === 1, `its stream has ${String(facts.components)} components`],
    [
      facts.precision <= header.bitsAllocated,
      `${String(facts.precision)} bits in its stream, ${String(header.bitsAllocated)} in its header`,
    ],
    [header.signed || !facts.signed, "its stream is signed, its header is not"],
  ];
  for (const [fits, reason] of rules) if (!fits) throw damaged(header, reason);
}

function requireEnd(header: Header, frame: Uint8Array): void {
  let end = frame.length;
  while (end > 0 && (frame[end - 1] === 0 || frame[end - 1] === 0xff)) end -= 1;
  if (frame[end - 1] === 0xd9 && frame[end - 2] === 0xff) return;
  throw new Problem("slice-truncated", { name: header.name, reason: "its compressed stream has no end" });
}

function factsOf(header: Header, frame: Uint8Array): Facts {
  try {
    return frame[0] === 0xff && frame[1] === 0x4f ? factsOfJpeg2000(frame) : factsOfJpeg(frame);
  } catch (error) {
    if (!(error instanceof RangeError) && !(error instanceof BadStream)) throw error;
    throw damaged(header, "its compressed pixels are damaged");
  }
}

/** Go from marker to marker up to the first frame header (SOF). */
function factsOfJpeg(frame: Uint8Array): Facts {
  const view = viewOf(frame);
  if (view.getUint16(0) !== 0xffd8) throw new BadStream("no start of image");
  for (let at = 2; ;) {
    const marker = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (marker === 0xffff) {
      at += 1;
      continue;
    }
    if (marker >> 8 !== 0xff || length < 2) throw new BadStream("no marker where one is due");
    const kind = (marker & 0xff) - 0xc0;
    if (isFrameHeader(kind)) {
      return {
        precision: view.getUint8(at + 4),
        rows: view.getUint16(at + 5),
        columns: view.getUint16(at + 7),
        components: view.getUint8(at + 9),
        signed: false,
        sof: kind,
      };
    }
    at += 2 + length;
  }
}

const isFrameHeader = (kind: number): boolean =>
  kind === SOF_JPEG_LS || (kind >= 0 && kind < 16 && ![4, 8, 12].includes(kind));

/** Read SIZ, which follows the start of the codestream. */
function factsOfJpeg2000(frame: Uint8Array): Facts {
  const view = viewOf(frame);
  if (view.getUint16(2) !== 0xff51) throw new BadStream("no SIZ");
  const number = (n: number): number => view.getUint32(8 + 4 * n);
  const [right, low, left, high] = [number(0), number(1), number(2), number(3)];
  const tiles = Math.ceil(right / Math.max(number(4), 1)) * Math.ceil(low / Math.max(number(5), 1));
  if (tiles > MOST_TILES) throw new BadStream("too many tiles");
  const depth = view.getUint8(42);
  const precision = (depth & 0x7f) + 1;
  const signed = (depth & 0x80) !== 0;
  return {
    rows: low - high,
    columns: right - left,
    components: view.getUint16(40),
    precision,
    signed,
    sof: NO_SOF,
  };
}

const damaged = ({ name }: Header, reason: string): Problem => new Problem("dicom-damaged", { name, reason });
