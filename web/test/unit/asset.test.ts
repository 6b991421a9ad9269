import { expect, test } from "vitest";
import { once, readAsset, sha256 } from "../../src/corridor/asset.ts";
import { readModelFile } from "../../src/corridor/manifest.ts";

test("what is loaded once is kept, what failed is tried again", async () => {
  let tries = 0;
  const load = once(() => {
    tries += 1;
    return tries === 1 ? Promise.reject(new Error("offline")) : Promise.resolve(tries);
  });
  await expect(load()).rejects.toThrow("offline");
  await expect(load()).resolves.toBe(2);
  await expect(load()).resolves.toBe(2);
});

test("a shipped file is read whole", async () => {
  const bytes = await readAsset(new URL("../../../contract/limits.json", import.meta.url));
  expect(JSON.parse(new TextDecoder().decode(bytes))).toHaveProperty("axis_voxels");
});

test("a part of the net that does not come is named", async () => {
  const missing = readModelFile(new URL("./nothing.onnx", import.meta.url), "heart-coarse.onnx");
  await expect(missing).rejects.toMatchObject({
    code: "model-unfit",
    details: { name: "heart-coarse.onnx" },
  });
});

test("a digest is that of SHA-256 (FIPS 180-2, 'abc')", async () => {
  const digest = await sha256(new TextEncoder().encode("abc"));
  expect(digest).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
