/** The model's manifest: every number that sampling, the net and the verdict need, beside the weights. */
import { once, readAsset, sha256 } from "./asset.ts";
import type { Faces } from "./geometry.ts";
import { Problem } from "./problems.ts";

export type LookName = "coarse" | "fine";

export interface Look {
  readonly spacing_mm: number;
  readonly voxels: number;
  readonly file: string;
  readonly sha256: string;
}

/** heart.manifest.json (schema `manifest`), as far as the page needs it. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly reduced_mm: number;
  readonly windows_hu: readonly (readonly [number, number])[];
  readonly looks: {
    readonly coarse: Look & { readonly body_to_heart_mm: readonly [number, number] };
    readonly fine: Look;
  };
  readonly decision: { readonly presence: number; readonly heart_ml: number; readonly cut: number };
  readonly face_offsets_mm: Faces;
}

const MANIFEST = new URL("../../../src/heartbox/weights/heart.manifest.json", import.meta.url);
/** Where the weights that a manifest may name are shipped. */
const WEIGHTS: ReadonlyMap<string, URL> = new Map([
  ["heart-coarse.onnx", new URL("../../../src/heartbox/weights/heart-coarse.onnx", import.meta.url)],
  ["heart-fine.onnx", new URL("../../../src/heartbox/weights/heart-fine.onnx", import.meta.url)],
]);

/** The manifest, and its own digest, which names the model whole: it holds the weights' digests. */
export const loadManifest = once(async (): Promise<{ manifest: Manifest; digest: string }> => {
  const bytes = await readModelFile(MANIFEST, "heart.manifest.json");
  const manifest = JSON.parse(new TextDecoder().decode(bytes)) as Manifest;
  return { manifest, digest: await sha256(bytes) };
});

/** The weights of a look; model-unfit when they are not those of the manifest. */
export async function loadWeights(look: LookName): Promise<Uint8Array> {
  const entry = (await loadManifest()).manifest.looks[look];
  const address = WEIGHTS.get(entry.file);
  if (address === undefined) {
    throw new Problem("model-unfit", { name: entry.file, reason: "it is not shipped" });
  }
  const weights = await readModelFile(address, entry.file);
  if ((await sha256(weights)) !== entry.sha256) {
    throw new Problem("model-unfit", { name: entry.file, reason: "its sha256 is not the manifest's" });
  }
  return weights;
}

/** Read a file that the net needs; model-unfit when it does not come. */
export async function readModelFile(address: URL, name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readAsset(address);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "it cannot be loaded";
    throw new Problem("model-unfit", { name, reason });
  }
}
