import { expect, test } from "vitest";
import { cachedSlices } from "../../../src/corridor/intake/cache.ts";

/** 4 MiB a slice: twelve of them fill the cache. */
const SLICE = 2 * 1024 * 1024;

test("the slices asked for last are kept, and no more than fit", async () => {
  const read: number[] = [];
  const cached = cachedSlices((k) => {
    read.push(k);
    return Promise.resolve(new Int16Array(SLICE).fill(k));
  });
  for (let k = 0; k < 12; k++) await cached(k);
  expect((await cached(0))[5]).toBe(0);
  expect(read).toHaveLength(12);
  await cached(12); // pushes out 1, which was asked for longest ago
  await cached(0);
  expect(read).toHaveLength(13);
  await cached(1);
  expect(read.at(-1)).toBe(1);
  expect(read).toHaveLength(14);
});

test("a slice that cannot be read is asked for again", async () => {
  let tries = 0;
  const cached = cachedSlices(() => {
    tries += 1;
    return tries === 1 ? Promise.reject(new Error("once")) : Promise.resolve(new Int16Array(1));
  });
  await expect(cached(0)).rejects.toThrow("once");
  await expect(cached(0)).resolves.toHaveLength(1);
});

test("an abort is heard before a slice is read", async () => {
  const cached = cachedSlices(() => Promise.resolve(new Int16Array(1)));
  await expect(cached(0, AbortSignal.abort())).rejects.toThrow("abort");
});
