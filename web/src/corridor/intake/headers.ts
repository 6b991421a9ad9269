/**
 * One file's header, judged: is it a CT image of ours, how are its pixels stored, where does it lie.
 *
 * The twin of headers.py; the names of pixels are those of PS3.3 C.7.6.3. Nothing of the pixels is
 * read, nothing of the patient kept.
 */
import type { ByteSource } from "../bytes.ts";
import { limit } from "../contract.ts";
import { Problem } from "../problems.ts";
import { BadElement, DataSet, decimal } from "./dataset.ts";
import {
  DEFLATED,
  DOUBLE_PIXEL_DATA,
  FLOAT_PIXEL_DATA,
  type Head,
  PIXEL_DATA,
  type PixelSpan,
  readHead,
} from "./elements.ts";
import type { Member } from "./files.ts";
import { type Plane, planesOf, requireHounsfieldType } from "./planes.ts";
import { type Keyword, TAG, WANTED } from "./tags.ts";

const CT_CLASSES: ReadonlySet<string> = new Set([
  "1.2.840.10008.5.1.4.1.1.2", // CT Image
  "1.2.840.10008.5.1.4.1.1.2.1", // Enhanced CT Image
  "1.2.840.10008.5.1.4.1.1.2.2", // Legacy Converted Enhanced CT Image
]);
const SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7";
const MEDIA_DIRECTORY = "1.2.840.10008.1.3.10";
/** Values of Image Type that mark a picture which is no slice. */
const NO_SLICE: ReadonlyMap<string, string> = new Map([
  ["LOCALIZER", "a localizer (scout view)"],
  ["SCOUT", "a localizer (scout view)"],
  ["TOPOGRAM", "a localizer (scout view)"],
  ["SCREEN SAVE", "a screen shot"],
]);

/** What the intake knows of a CT image before its pixels are read. */
export interface Header {
  readonly member: Member;
  readonly name: string;
  readonly syntax: string;
  readonly little: boolean;
  readonly pixels: PixelSpan;
  /** The bytes that the offsets of `pixels` fit. */
  readonly values: ByteSource;
  readonly rows: number;
  readonly columns: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  /** Whether the pixels are real numbers that hold HU as they are. */
  readonly isFloat: boolean;
  /** Bytes of one frame when it is not compressed. */
  readonly frameBytes: number;
  /** One for each frame, in the file's order. */
  readonly planes: readonly Plane[];
  /** HU of each stored value from tableFirst on (modality LUT), empty where slope and intercept do it. */
  readonly table: readonly number[];
  readonly tableFirst: number;
  /** Lowest and highest stored value that mean "no ray passed here". */
  readonly padding: readonly [number, number] | null;
  /** The extended offset table, frame by frame, empty where there is none. */
  readonly offsets: readonly number[];
  readonly frameOfReference: string;
  /** Whether Image Type says ORIGINAL. */
  readonly original: boolean;
  /** Spacing Between Slices as written. */
  readonly headerStepMm: number | null;
}

/** Read what the judgement needs of one file; problems as readHead. */
export const readDicomHead = (member: Member): Promise<Head> => readHead(member, WANTED);

/** The Series Instance UID, empty where there is none; for grouping, never for people. */
export const seriesOf = (head: Head): string => head.data.text(TAG.SeriesInstanceUID);

/** Tell a DICOMDIR, whose records are not needed: the folder beside it is read. */
export const isMediaDirectory = (head: Head): boolean => head.sopClass === MEDIA_DIRECTORY;

/** Judge one image; no-ct-series, burnt-in-text, pixels-unsupported, not-hounsfield, geometry-missing, ... */
export function judgeHeader(member: Member, head: Head): Header {
  try {
    return judge(member, head);
  } catch (error) {
    if (!(error instanceof BadElement) && !(error instanceof RangeError)) throw error;
    const reason = `bad header (${error.message})`;
    throw new Problem("dicom-damaged", { name: member.name, reason });
  }
}

function judge(member: Member, head: Head): Header {
  const { data, pixels } = head;
  const { name } = member;
  const imageType = requireCt(data, name);
  if (pixels === null) throw damaged(name, "it has no pixel data");
  requireGrey(data, name);
  const { rows, columns, frames } = sizeOf(data, name);
  const bits = bitsOf(data, pixels, name);
  const isFloat = pixels.tag === FLOAT_PIXEL_DATA || pixels.tag === DOUBLE_PIXEL_DATA;
  const signed = whole(data, "PixelRepresentation", name, isFloat ? 0 : undefined) === 1;
  const [table, tableFirst] = modalityTable(data, signed, name);
  const header: Header = {
    ...{ member, name, syntax: head.syntax, little: head.little, pixels, values: head.values },
    ...{ rows, columns, ...bits, signed, isFloat, frameBytes: (rows * columns * bits.bitsAllocated) / 8 },
    ...{ planes: planesOf(data, frames, table.length > 0 || isFloat, name), table, tableFirst },
    padding: paddingOf(data, signed),
    offsets: data.offsets(TAG.ExtendedOffsetTable),
    frameOfReference: data.text(TAG.FrameOfReferenceUID),
    original: imageType.length === 0 || imageType[0] === "ORIGINAL",
    headerStepMm: data.numbers(TAG.SpacingBetweenSlices)?.[0] ?? null,
  };
  requireWhole(header);
  return header;
}

/** Refuse by name what is no CT slice; Image Type. */
function requireCt(data: DataSet, name: string): string[] {
  const [sopClass, modality] = [data.text(TAG.SOPClassUID), data.text(TAG.Modality)];
  const no = (reason: string): Problem => new Problem("no-ct-series", { reason: `${name} is ${reason}` });
  if (modality !== "CT")
    throw no(`of modality ${modality === "" ? "unknown" : modality.slice(0, 16)}, not CT`);
  if (sopClass !== "" && !CT_CLASSES.has(sopClass)) {
    throw no(sopClass.startsWith(SECONDARY_CAPTURE) ? "a secondary capture" : "no CT image");
  }
  const imageType = data.texts(TAG.ImageType).map((value) => value.toUpperCase());
  for (const value of imageType) {
    const reason = NO_SLICE.get(value);
    if (reason !== undefined) throw no(reason);
  }
  if (data.text(TAG.BurnedInAnnotation).toUpperCase() === "YES") throw new Problem("burnt-in-text", { name });
  return imageType;
}

function requireGrey(data: DataSet, name: string): void {
  const samples = whole(data, "SamplesPerPixel", name);
  const photometric = data.text(TAG.PhotometricInterpretation);
  if (samples === 0) throw damaged(name, "Samples per Pixel is 0");
  if (samples !== 1 || !["MONOCHROME1", "MONOCHROME2"].includes(photometric)) {
    const reason = `${String(samples)} samples, ${photometric.slice(0, 16)}`;
    throw new Problem("pixels-unsupported", { name, reason });
  }
}

function sizeOf(data: DataSet, name: string): { rows: number; columns: number; frames: number } {
  const [rows, columns] = [whole(data, "Rows", name), whole(data, "Columns", name)];
  const [text] = data.texts(TAG.NumberOfFrames);
  const frames = text === undefined ? 1 : Math.trunc(decimal(text)) || 1;
  if (Math.min(rows, columns, frames) < 1) {
    throw damaged(name, `${String(rows)} rows, ${String(columns)} columns, ${String(frames)} frames`);
  }
  if (Math.max(rows, columns, frames) > limit("axis_voxels")) {
    throw new Problem("too-large", { name, limit: limit("axis_voxels") });
  }
  if (rows * columns * frames > limit("volume_voxels")) {
    throw new Problem("too-large", { name, limit: limit("volume_voxels") });
  }
  return { rows, columns, frames };
}

function bitsOf(data: DataSet, pixels: PixelSpan, name: string) {
  const bitsAllocated = whole(data, "BitsAllocated", name);
  if (pixels.tag !== PIXEL_DATA) {
    const due = pixels.tag === FLOAT_PIXEL_DATA ? 32 : 64;
    if (bitsAllocated !== due) throw damaged(name, `real pixels of ${String(bitsAllocated)} bits`);
    return { bitsAllocated, bitsStored: bitsAllocated, highBit: bitsAllocated - 1 };
  }
  const bitsStored = whole(data, "BitsStored", name);
  const highBit = whole(data, "HighBit", name, bitsStored - 1);
  if (![8, 16, 32].includes(bitsAllocated)) {
    const reason = `${String(bitsAllocated)} bits allocated`;
    throw new Problem(bitsAllocated === 0 ? "dicom-damaged" : "pixels-unsupported", { name, reason });
  }
  const fits = bitsStored > 0 && bitsStored <= bitsAllocated;
  if (!fits || highBit < bitsStored - 1 || highBit >= bitsAllocated) {
    const reason = `${String(bitsStored)} of ${String(bitsAllocated)} bits stored, high bit ${String(highBit)}`;
    throw damaged(name, reason);
  }
  return { bitsAllocated, bitsStored, highBit };
}

function paddingOf(data: DataSet, signed: boolean): [number, number] | null {
  const value = data.words(TAG.PixelPaddingValue)?.[0];
  if (value === undefined) return null;
  const other = data.words(TAG.PixelPaddingRangeLimit)?.[0] ?? value;
  const [one, two] = [asStored(value, signed), asStored(other, signed)];
  return one <= two ? [one, two] : [two, one];
}

/** Read a padding value of either VR with the sign of the pixels. */
function asStored(value: number, signed: boolean): number {
  const word = value & 0xffff;
  return signed && word > 0x7fff ? word - 0x10000 : word;
}

/** The modality LUT (PS3.3 C.11.1): HU of each stored value, and the first stored value. */
function modalityTable(data: DataSet, signed: boolean, name: string): [number[], number] {
  const item = data.items(TAG.ModalityLUTSequence)?.[0];
  if (item === undefined) return [[], 0];
  requireHounsfieldType(item.text(TAG.ModalityLUTType), name);
  const [descriptor, values] = [item.words(TAG.LUTDescriptor), item.words(TAG.LUTData)];
  if (descriptor?.length !== 3 || values === null) throw new BadElement("table");
  const [entries, first, bits] = descriptor as [number, number, number];
  if (bits > 16 || values.length !== (entries === 0 ? 65536 : entries)) {
    throw damaged(name, "its modality LUT contradicts itself");
  }
  return [values, asStored(first, signed)];
}

/** Refuse native pixels that are fewer than the header says, before any is read. */
function requireWhole(header: Header): void {
  const due = header.frameBytes * header.planes.length;
  const { length, start } = header.pixels;
  if (length === null) return;
  const left = Math.max(0, header.member.bytes - start);
  const there = header.syntax === DEFLATED ? length : Math.min(length, left);
  if (there >= due) return;
  const reason = `${String(there)} bytes of pixels where ${String(due)} are due`;
  throw new Problem("slice-truncated", { name: header.name, reason });
}

function whole(data: DataSet, keyword: Keyword, name: string, absent?: number): number {
  if (absent !== undefined && !data.has(TAG[keyword])) return absent;
  const words = data.words(TAG[keyword]);
  const value = words?.length === 1 ? words[0] : undefined;
  if (value === undefined || !Number.isInteger(value)) throw damaged(name, `no usable ${keyword}`);
  return value;
}

const damaged = (name: string, reason: string): Problem => new Problem("dicom-damaged", { name, reason });
