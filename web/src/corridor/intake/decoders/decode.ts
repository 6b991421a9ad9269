/** What every decoder gives: whole numbers, (y, x), x fastest, high bits not yet masked. */
export type Stored =
  Uint8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** Decode one compressed frame; throws anything when the stream is damaged. */
export type Decode = (frame: Uint8Array<ArrayBuffer>) => Promise<Stored>;
