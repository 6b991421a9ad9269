/** JPEG 2000 (.90, .91): OpenJPEG through @cornerstonejs/codec-openjpeg (MIT). */
import { decoderOf } from "./emscripten.ts";

export const decode = decoderOf(
  () => import("@cornerstonejs/codec-openjpeg/decodewasmjs"),
  new URL(
    "../../../../node_modules/@cornerstonejs/codec-openjpeg/dist/openjpegwasm_decode.wasm",
    import.meta.url,
  ),
  "J2KDecoder",
);
