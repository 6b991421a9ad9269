/**
 * The net behind one small seam: a sampled cube goes in, numbers about the heart come out.
 *
 * The twin of network.py. ONNX Runtime's WebAssembly runs the weights, on one thread; its file comes
 * from our own origin.
 */
import * as onnx from "onnxruntime-web/wasm";
import { once } from "./asset.ts";
import { loadManifest, loadWeights, type LookName, readModelFile } from "./manifest.ts";
import type { SampledVolume } from "./sample.ts";

const RUNTIME = new URL(
  "../../node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
  import.meta.url,
);

/** What the net says about one cube. */
export interface Logits {
  /** For each face of FACES a logit for each plane of voxels, (6, voxels). */
  readonly faces: Float32Array;
  /** [z, y, x] logit of being heart, on cells of two voxels. */
  readonly mask: Float32Array;
  /** Logit of the whole visible heart lying in the cube. */
  readonly presence: number;
}

const startRuntime = once(async (): Promise<void> => {
  const { wasm } = onnx.env;
  wasm.numThreads = 1;
  wasm.proxy = false;
  wasm.wasmBinary = (await readModelFile(RUNTIME, "onnxruntime")).buffer;
  onnx.env.logLevel = "error";
});
const sessions = {
  coarse: once(() => openSession("coarse")),
  fine: once(() => openSession("fine")),
};

/** Run one look of the net; model-unfit when the weights are not those of the manifest. */
export async function infer(sampled: SampledVolume, look: LookName): Promise<Logits> {
  const { manifest } = await loadManifest();
  const session = await sessions[look]();
  const shape = [1, manifest.windows_hu.length + 1, ...sampled.grid.shape];
  const cube = new onnx.Tensor("float32", encode(sampled, manifest.windows_hu), shape);
  const [faces, mask, presence] = valuesOf(session, await session.run({ cube }));
  cube.dispose();
  return { faces, mask, presence: presence[0]! };
}

/**
 * Turn HU into the net's channels, (windows + 1, z, y, x).
 *
 * Each window runs linearly from -1 at its lower to +1 at its upper end and is clipped there;
 * outside of the scan every window reads -1. The last channel is 1 inside of the scan, else 0.
 */
export function encode(sampled: SampledVolume, windowsHu: readonly (readonly [number, number])[]) {
  const { hu, inside } = sampled;
  const size = hu.length;
  const channels = new Float32Array(size * (windowsHu.length + 1));
  for (const [n, [low, high]] of windowsHu.entries()) {
    const times = 2 / (high - low);
    for (let at = 0; at < size; at++) {
      const value = inside[at] === 1 ? (hu[at]! - low) * times - 1 : -1;
      channels[n * size + at] = Math.min(Math.max(value, -1), 1);
    }
  }
  channels.set(inside, size * windowsHu.length);
  return channels;
}

/** Load runtime and weights before they are needed; what fails here fails again, and is told, in `infer`. */
export async function warmUp(): Promise<void> {
  await Promise.allSettled([sessions.coarse(), sessions.fine()]);
}

async function openSession(look: LookName): Promise<onnx.InferenceSession> {
  const weights = await loadWeights(look);
  await startRuntime();
  return onnx.InferenceSession.create(weights, { executionProviders: ["wasm"] });
}

/** The outputs in the order of the model's: faces, mask, presence. */
function valuesOf(session: onnx.InferenceSession, answers: onnx.InferenceSession.OnnxValueMapType) {
  return session.outputNames.map((name) => {
    const data = answers[name]?.data;
    if (!(data instanceof Float32Array)) throw new TypeError(`the net gave no '${name}'`);
    return data;
  }) as [Float32Array, Float32Array, Float32Array];
}
