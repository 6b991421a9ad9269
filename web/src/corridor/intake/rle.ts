/** DICOM RLE (PS3.5 annex G): one PackBits segment for each byte of a value, highest byte first. */
import { Problem } from "../problems.ts";
import type { Stored } from "./decoders/decode.ts";
import { viewOf } from "./elements.ts";
import type { Header } from "./headers.ts";

const HEADER_BYTES = 64;

/** Decode one frame; dicom-damaged, slice-truncated. */
export function decodeRle(header: Header, frame: Uint8Array): Stored {
  const planes = header.bitsAllocated / 8;
  const pixels = header.rows * header.columns;
  const [offsets, ends] = segmentsOf(header, frame, planes);
  const values = new Uint32Array(pixels);
  const plane = new Uint8Array(pixels);
  for (let n = 0; n < planes; n++) {
    if (unpack(frame.subarray(offsets[n], ends[n]), plane) < pixels) {
      throw new Problem("slice-truncated", { name: header.name, reason: "an RLE segment is too short" });
    }
    for (let at = 0; at < pixels; at++) values[at] = (values[at]! << 8) | plane[at]!;
  }
  return values;
}

function segmentsOf(header: Header, frame: Uint8Array, planes: number): [number[], number[]] {
  const view = viewOf(frame);
  const bad = new Problem("dicom-damaged", {
    name: header.name,
    reason: "its compressed pixels are damaged",
  });
  if (frame.length < HEADER_BYTES || view.getUint32(0, true) !== planes) throw bad;
  const offsets = Array.from({ length: planes }, (_, n) => view.getUint32(4 + 4 * n, true));
  const ends = [...offsets.slice(1), frame.length];
  if (offsets[0] !== HEADER_BYTES || offsets.some((start, n) => start >= ends[n]!)) throw bad;
  return [offsets, ends];
}

/** PackBits; the count of bytes that came out, never more than fit. */
function unpack(packed: Uint8Array, out: Uint8Array): number {
  let [from, to] = [0, 0];
  while (from < packed.length && to < out.length) {
    const control = packed[from++]!;
    if (control === 128) continue;
    const count = control < 128 ? control + 1 : 257 - control;
    const stop = Math.min(to + count, out.length);
    if (control > 128) {
      if (from >= packed.length) break;
      out.fill(packed[from++]!, to, stop);
      to = stop;
    } else {
      const piece = packed.subarray(from, from + stop - to);
      out.set(piece, to);
      to += piece.length;
      from += count;
    }
  }
  return to;
}
