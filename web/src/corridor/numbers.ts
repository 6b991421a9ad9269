/** Numbers as files hold them: the voxel types of NRRD and NIfTI. */

export type NumberType = "i1" | "u1" | "i2" | "u2" | "i4" | "u4" | "f4" | "f8";

/** Bytes of one number. */
export const widthOf = (type: NumberType): number => Number(type[1]);

/** Read numbers of a type and byte order. */
export function numbersOf(bytes: Uint8Array, type: NumberType, little: boolean): ArrayLike<number> {
  const width = widthOf(type);
  const count = Math.floor(bytes.length / width);
  const copy = bytes.slice(0, count * width);
  if (!little && width > 1) {
    for (let at = 0; at < copy.length; at += width) copy.subarray(at, at + width).reverse();
  }
  return new ARRAYS[type](copy.buffer);
}

const ARRAYS = {
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  f4: Float32Array,
  f8: Float64Array,
} as const;
