/** High-throughput JPEG 2000 (.201, .202, .203): OpenJPH through @cornerstonejs/codec-openjph (MIT). */
import { decoderOf } from "./emscripten.ts";

export const decode = decoderOf(
  () => import("@cornerstonejs/codec-openjph/wasmjs"),
  new URL("../../../../node_modules/@cornerstonejs/codec-openjph/dist/openjphjs.wasm", import.meta.url),
  "HTJ2KDecoder",
);
