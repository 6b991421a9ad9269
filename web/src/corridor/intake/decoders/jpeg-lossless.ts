/** JPEG lossless (.57, .70): jpeg-lossless-decoder-js (MIT). */
import { Decoder } from "jpeg-lossless-decoder-js";
import type { Decode } from "./decode.ts";

export const decode: Decode = (frame) => {
  const decoder = new Decoder();
  const buffer = frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength);
  const values: unknown = decoder.decode(buffer);
  if (values instanceof Uint16Array || values instanceof Uint8Array) return Promise.resolve(values);
  return Promise.reject(new Error("no values"));
};
