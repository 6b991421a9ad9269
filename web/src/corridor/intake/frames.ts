/** Where one frame's bytes lie: native pixels, or fragments of compressed ones (PS3.5 annex A.4). */
import { joined } from "../bytes.ts";
import { limit } from "../contract.ts";
import { Problem } from "../problems.ts";
import { DEFLATED, tagAt, viewOf } from "./elements.ts";
import type { Header } from "./headers.ts";

const ITEM = 0xfffee000;
const SEQUENCE_END = 0xfffee0dd;
/** How much is read at once while fragments are counted. */
const LOOK_BYTES = 1 << 12;
/** An end marker and the padding that may follow it. */
const TAIL_BYTES = 8;

/** First byte, count of bytes. */
export type Fragment = readonly [number, number];
/** The fragments of every frame; null for native pixels. */
export type FrameTable = readonly (readonly Fragment[])[] | null;

/** Read the bytes of one frame, still compressed where it is; slice-truncated when bytes are missing. */
export async function readFrame(header: Header, index: number, table: FrameTable) {
  if (table === null) {
    const start = header.pixels.start + index * header.frameBytes;
    return readWhole(header, start, header.frameBytes);
  }
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (const [start, count] of table[index] ?? []) pieces.push(await readWhole(header, start, count));
  return pieces.length === 1 ? pieces[0]! : joined(pieces);
}

/** Find the fragments of every frame without reading them; slice-truncated, dicom-damaged. */
export async function frameTable(header: Header): Promise<FrameTable> {
  if (header.pixels.length !== null) return null;
  if (header.syntax === DEFLATED) throw damaged(header, "fragments inside a deflated file");
  const [basic, fragments] = await fragmentsOf(header);
  const offsets = header.offsets.length > 0 ? header.offsets : basic;
  if (header.planes.length === 1) return [fragments];
  if (offsets.length > 0) return byOffsets(header, fragments, offsets);
  if (fragments.length === header.planes.length) return fragments.map((fragment) => [fragment]);
  return byEndMarkers(header, fragments);
}

/** The basic offset table and the fragments that follow it. */
async function fragmentsOf(header: Header): Promise<[number[], Fragment[]]> {
  const { bytes: size } = header.member;
  const items: Fragment[] = [];
  const look = new Look(header);
  for (let at = header.pixels.start; at + 8 <= size;) {
    const view = await look.at(at, 8);
    const tag = tagAt(view, 0, header.little);
    const count = view.getUint32(4, header.little);
    if (tag === SEQUENCE_END) break;
    if (tag !== ITEM) throw damaged(header, "bad fragments");
    if (items.length > limit("dicom_elements")) throw damaged(header, "too many fragments");
    if (at + 8 + count > size) throw truncated(header, "a fragment runs past the end");
    items.push([at + 8, count]);
    at += 8 + count;
  }
  const [table, ...fragments] = items;
  if (table === undefined || fragments.length === 0) throw truncated(header, "no pixel fragments");
  const view = viewOf(await readWhole(header, ...table));
  const count = Math.floor(table[1] / 4);
  return [Array.from({ length: count }, (_, n) => view.getUint32(n * 4, header.little)), fragments];
}

/** Group fragments by a table of offsets, counted from the first fragment's item tag. */
function byOffsets(header: Header, fragments: readonly Fragment[], offsets: readonly number[]) {
  const first = fragments[0]![0];
  const begins = new Map(fragments.map(([start], number) => [start - first, number]));
  const numbers = offsets.map((offset) => begins.get(offset) ?? -1);
  const rising = numbers.every((number, n) => n === 0 || number > numbers[n - 1]!);
  if (numbers.length !== header.planes.length || numbers[0] !== 0 || !rising) {
    throw damaged(header, "its offset table does not fit its frames");
  }
  return numbers.map((begin, n) => fragments.slice(begin, numbers[n + 1] ?? fragments.length));
}

/** Group fragments without a table: a frame ends with the fragment that ends its stream. */
async function byEndMarkers(header: Header, fragments: readonly Fragment[]): Promise<Fragment[][]> {
  const frames: Fragment[][] = [];
  let open: Fragment[] = [];
  for (const [start, count] of fragments) {
    open.push([start, count]);
    const tail = Math.min(count, TAIL_BYTES);
    const bytes = await readWhole(header, start + count - tail, tail);
    if (!bytes.some((byte, n) => byte === 0xff && bytes[n + 1] === 0xd9)) continue;
    frames.push(open);
    open = [];
  }
  if (open.length > 0 || frames.length !== header.planes.length) {
    throw damaged(header, "its fragments do not fit its frames");
  }
  return frames;
}

/** A forward look that reads some KB at once. */
class Look {
  private start = 0;
  private bytes = new Uint8Array(0);

  constructor(private readonly header: Header) {}

  async at(at: number, count: number): Promise<DataView> {
    if (at < this.start || at + count > this.start + this.bytes.length) {
      this.start = at;
      this.bytes = await this.header.values.read(at, at + LOOK_BYTES);
      if (this.bytes.length < count) throw truncated(this.header, "a fragment runs past the end");
    }
    return viewOf(this.bytes.subarray(at - this.start));
  }
}

async function readWhole(header: Header, start: number, count: number) {
  const bytes = await header.values.read(start, start + count);
  if (bytes.length === count) return bytes;
  throw truncated(header, `${String(bytes.length)} bytes where ${String(count)} are due`);
}

const damaged = ({ name }: Header, reason: string): Problem => new Problem("dicom-damaged", { name, reason });
const truncated = ({ name }: Header, reason: string): Problem =>
  new Problem("slice-truncated", { name, reason });
