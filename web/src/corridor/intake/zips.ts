/**
 * A zip read in place: its directory is judged first, nothing is extracted, no name becomes a path.
 *
 * The twin of zips.py; format: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16, and the sizes of
 * zip64 (4.5.3).
 */
import { type ByteSource, Inflated } from "../bytes.ts";
import { limit } from "../contract.ts";
import { Problem } from "../problems.ts";
import { viewOf } from "./elements.ts";
import { isHidden, type Member, printable } from "./files.ts";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const STORED = 0;
const DEFLATED = 8;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const COMMENT_BYTES = 65535;
const ZIP64_FIELD = 1;
const IN_ZIP64 = 0xffffffff;
/** What one entry of a zip's directory takes at most, when names are not made to fill memory. */
const ENTRY_BYTES = 1024;
const TYPE_BITS = 0o170000;
const REGULAR = 0o100000;

interface Entry {
  readonly path: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Of the local header. */
  readonly offset: number;
  readonly mode: number;
}

/** Tell a zip by its first bytes. */
export function isZip(first: Uint8Array): boolean {
  if (first.length < 4) return false;
  const signature = viewOf(first).getUint32(0, true);
  return signature === LOCAL || signature === END;
}

/**
 * List the files inside a zip.
 *
 * Folders, links, hidden files are not looked at. Entries are inflated when somebody needs them;
 * their names are only ever shown. Problems zip-unsafe (encrypted, damaged, inflates too much,
 * overlapping entries), too-many-files, too-large.
 */
export async function listZip(zip: Member): Promise<Member[]> {
  const { directory, start } = await readDirectory(zip);
  const entries = [...entriesOf(directory, zip.name)].filter(isFile);
  requireSafe(entries, zip.name);
  return entries.map((entry) => memberOf(zip, entry, start));
}

/** The directory's bytes, and how much lies before the zip's own first byte. */
async function readDirectory(zip: Member): Promise<{ directory: Uint8Array; start: number }> {
  const from = Math.max(0, zip.bytes - END_BYTES - COMMENT_BYTES);
  const tail = await zip.read(from, zip.bytes);
  const view = viewOf(tail);
  let at = tail.length - END_BYTES;
  while (at >= 0 && view.getUint32(at, true) !== END) at -= 1;
  if (at < 0) throw unsafe(zip.name, "it has no directory");
  const most = limit("files");
  const [count, size] = [view.getUint16(at + 10, true), view.getUint32(at + 12, true)];
  if (count > most || size > most * ENTRY_BYTES) {
    throw new Problem("too-many-files", { name: zip.name, limit: most });
  }
  const begin = from + at - size;
  const start = begin - view.getUint32(at + 16, true);
  if (start < 0) throw unsafe(zip.name, "it is damaged");
  return { directory: await zip.read(begin, from + at), start };
}

function* entriesOf(directory: Uint8Array, name: string): Generator<Entry> {
  const view = viewOf(directory);
  for (let at = 0; at < directory.length;) {
    if (at + CENTRAL_BYTES > directory.length || view.getUint32(at, true) !== CENTRAL) {
      throw unsafe(name, "it is damaged");
    }
    const short = (n: number): number => view.getUint16(at + n, true);
    const long = (n: number): number => view.getUint32(at + n, true);
    const [named, extra] = [at + CENTRAL_BYTES, at + CENTRAL_BYTES + short(28)];
    const end = extra + short(30) + short(32);
    if (end > directory.length) throw unsafe(name, "it is damaged");
    const [bytes, packedBytes, offset] = wide(view, extra, extra + short(30), [long(24), long(20), long(42)]);
    const path = new TextDecoder().decode(directory.subarray(named, extra));
    const [flags, method, crc, mode] = [short(8), short(10), long(16), long(38) >>> 16];
    yield { path, flags, method, crc, packedBytes, bytes, offset, mode };
    at = end;
  }
}

/** Replace the sizes and the offset that only the zip64 field has. */
function wide(view: DataView, start: number, stop: number, numbers: [number, number, number]) {
  for (let at = start; at + 4 <= stop; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== ZIP64_FIELD) continue;
    let from = at + 4;
    for (const [n, number] of numbers.entries()) {
      if (number !== IN_ZIP64 || from + 8 > stop) continue;
      numbers[n] = Number(view.getBigUint64(from, true));
      from += 8;
    }
  }
  return numbers;
}

function isFile(entry: Entry): boolean {
  const type = entry.mode & TYPE_BITS;
  return (type === 0 || type === REGULAR) && !entry.path.endsWith("/") && !isHidden(entry.path);
}

function requireSafe(entries: readonly Entry[], name: string): void {
  for (const entry of entries) {
    if ((entry.flags & 1) !== 0) throw unsafe(name, "it is encrypted");
    if (![STORED, DEFLATED].includes(entry.method)) throw unsafe(name, "it uses an unusual compression");
    if (entry.bytes > limit("file_bytes")) {
      throw new Problem("too-large", { name: printable(entry.path), limit: limit("file_bytes") });
    }
  }
  const inflated = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const deflated = entries.reduce((sum, entry) => sum + entry.packedBytes, 0);
  if (inflated > limit("study_bytes")) throw new Problem("too-large", { name, limit: limit("study_bytes") });
  if (inflated > limit("zip_ratio") * Math.max(deflated, 1)) {
    throw unsafe(name, "it inflates to far more than it is");
  }
  let end = 0;
  for (const entry of [...entries].sort((one, other) => one.offset - other.offset)) {
    if (entry.offset < end) throw unsafe(name, "its entries overlap");
    end = entry.offset + entry.packedBytes;
  }
}

function memberOf(zip: Member, entry: Entry, start: number): Member {
  let source: Promise<ByteSource> | undefined;
  return {
    name: printable(entry.path),
    bytes: entry.bytes,
    packed: true,
    read: async (from, to) => {
      source ??= openEntry(zip, entry, start);
      return (await source).read(from, Math.min(to, entry.bytes));
    },
  };
}

/** Find an entry's data behind its local header. */
async function openEntry(zip: Member, entry: Entry, start: number): Promise<ByteSource> {
  const at = start + entry.offset;
  const view = viewOf(await zip.read(at, at + LOCAL_BYTES));
  const damaged = (): Problem => unsafe(zip.name, `its entry ${printable(entry.path)} is damaged`);
  if (view.byteLength < LOCAL_BYTES || view.getUint32(0, true) !== LOCAL) throw damaged();
  const begin = at + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
  if (entry.method === STORED) {
    return { read: (from, to) => zip.read(begin + from, Math.min(begin + to, begin + entry.packedBytes)) };
  }
  return new Inflated({
    source: zip,
    start: begin,
    stop: begin + entry.packedBytes,
    packing: "raw",
    most: entry.bytes,
    tooMuch: damaged,
    damaged,
    whole: { crc: entry.crc, length: entry.bytes },
  });
}

const unsafe = (name: string, reason: string): Problem => new Problem("zip-unsafe", { name, reason });
