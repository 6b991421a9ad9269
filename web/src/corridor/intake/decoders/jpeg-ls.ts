/** JPEG-LS (.80, .81): CharLS through @cornerstonejs/codec-charls (MIT). */
import { decoderOf } from "./emscripten.ts";

export const decode = decoderOf(
  () => import("@cornerstonejs/codec-charls/decodewasmjs"),
  new URL(
    "../../../../node_modules/@cornerstonejs/codec-charls/dist/charlswasm_decode.wasm",
    import.meta.url,
  ),
  "JpegLSDecoder",
);
