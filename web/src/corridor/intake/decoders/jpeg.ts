/** JPEG baseline and extended of 8 bits (.50): libjpeg-turbo through @cornerstonejs/codec-libjpeg-turbo-8bit (ISC). */
import { decoderOf } from "./emscripten.ts";

export const decode = decoderOf(
  () => import("@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs"),
  new URL(
    "../../../../node_modules/@cornerstonejs/codec-libjpeg-turbo-8bit/dist/libjpegturbowasm_decode.wasm",
    import.meta.url,
  ),
  "JPEGDecoder",
);
