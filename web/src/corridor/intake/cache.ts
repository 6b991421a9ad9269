/** Decoded slices that are kept for a while, so that the study never lies in memory whole. */

/** HU of at most this many bytes are kept for one scan: 96 slices of 512 x 512. */
const MOST_BYTES = 48 * 1024 * 1024;

type ReadSlice = (k: number, signal?: AbortSignal) => Promise<Int16Array>;

/** Remember the slices that were asked for last. */
export function cachedSlices(read: ReadSlice): ReadSlice {
  const kept = new Map<number, Int16Array>();
  let bytes = 0;
  return async (k, signal) => {
    signal?.throwIfAborted();
    const known = kept.get(k);
    const slice = known ?? (await read(k, signal));
    if (known === undefined) bytes += slice.byteLength;
    kept.delete(k);
    kept.set(k, slice);
    for (const [oldest, old] of kept) {
      if (bytes <= MOST_BYTES || oldest === k) break;
      kept.delete(oldest);
      bytes -= old.byteLength;
    }
    return slice;
  };
}
