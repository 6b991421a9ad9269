/** Bytes read by range: of a file, and of a deflated stream that is read forwards and never kept whole. */
import { Gunzip, Inflate } from "fflate";

/** Bytes that are read by range; a range past the end gives fewer bytes. */
export interface ByteSource {
  read(start: number, stop: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** How a deflated stream lies in its source, and what to throw when it is not one. */
export interface Deflated {
  readonly source: ByteSource;
  /** Compressed bytes [start, stop) of the source. */
  readonly start: number;
  readonly stop: number;
  readonly packing: "raw" | "gzip";
  /** Called when more than `most` bytes come out. */
  readonly most: number;
  readonly tooMuch: () => Error;
  readonly damaged: () => Error;
  /** CRC-32 and length of the whole, where they are known; checked when the end is reached. */
  readonly whole?: { readonly crc: number; readonly length: number };
}

/** Deflate makes at most 1032 bytes of one: a piece of this size gives at most 16 MiB at once. */
const PIECE_BYTES = 1 << 14;

/**
 * A deflated stream as a source of bytes.
 *
 * Reading forwards goes on where the last read ended; reading backwards begins again. At no time
 * is more kept than one piece and what was asked for, so that a bomb costs nothing.
 */
export class Inflated implements ByteSource {
  private stream: Stream;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly from: Deflated) {
    this.stream = new Stream(from);
  }

  read(start: number, stop: number): Promise<Uint8Array<ArrayBuffer>> {
    const answer = this.queue.then(() => this.readNow(start, stop));
    this.queue = answer.catch(() => undefined);
    return answer;
  }

  private async readNow(start: number, stop: number): Promise<Uint8Array<ArrayBuffer>> {
    if (start < this.stream.kept) this.stream = new Stream(this.from);
    const stream = this.stream;
    const pieces: Uint8Array[] = [];
    let at = start;
    while (at < stop) {
      const piece = stream.take(at, stop);
      pieces.push(piece);
      at += piece.length;
      if (at < stop && !(await stream.advance())) break;
    }
    return joined(pieces);
  }
}

/** Put pieces together. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** CRC-32 (ISO 3309) of bytes, going on from the CRC of what came before. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** One way forwards through a deflated stream: the piece that came out last, and where it begins. */
class Stream {
  kept = 0;
  private piece: Uint8Array = new Uint8Array(0);
  private next: number;
  private crc = 0;
  private ended = false;
  private readonly out: Uint8Array[] = [];
  private readonly inflate: Inflate | Gunzip;

  constructor(private readonly from: Deflated) {
    this.next = from.start;
    const collect = (data: Uint8Array): void => {
      if (data.length > 0) this.out.push(data);
    };
    this.inflate = from.packing === "raw" ? new Inflate(collect) : new Gunzip(collect);
  }

  /** The part of [start, stop) that lies in the kept piece. */
  take(start: number, stop: number): Uint8Array {
    return this.piece.subarray(Math.max(0, start - this.kept), Math.max(0, stop - this.kept));
  }

  /** Inflate the next piece; false at the end. */
  async advance(): Promise<boolean> {
    this.kept += this.piece.length;
    this.piece = new Uint8Array(0);
    while (this.out.length === 0 && !this.ended) await this.push();
    this.piece = joined(this.out.splice(0));
    this.check();
    if (this.piece.length === 0 && this.kept < (this.from.whole?.length ?? 1)) throw this.from.damaged();
    return this.piece.length > 0;
  }

  private async push(): Promise<void> {
    const stop = Math.min(this.next + PIECE_BYTES, this.from.stop);
    const packed = await this.from.source.read(this.next, stop);
    this.next += packed.length;
    this.ended = packed.length === 0 || this.next >= this.from.stop;
    try {
      this.inflate.push(packed); // never as the last piece: a stream that breaks off gives what it has
    } catch {
      throw this.from.damaged();
    }
  }

  private check(): void {
    const length = this.kept + this.piece.length;
    if (length > this.from.most) throw this.from.tooMuch();
    if (this.from.whole === undefined) return;
    this.crc = crc32(this.piece, this.crc);
    const { whole } = this.from;
    if (length === whole.length && this.crc !== whole.crc) throw this.from.damaged();
  }
}
