import { deflateRawSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32, Inflated, joined } from "../../src/corridor/bytes.ts";
import { member } from "../makers/dicom.ts";

const DATA = Uint8Array.from({ length: 300_000 }, (_, n) => (n * n + (n >> 7)) & 0xff);

function inflated(
  packed: Uint8Array,
  packing: "raw" | "gzip",
  most = DATA.length,
  whole?: { crc: number; length: number },
) {
  const bytes = new Uint8Array(packed);
  return new Inflated({
    source: member("a", bytes),
    start: 0,
    stop: bytes.length,
    packing,
    most,
    tooMuch: () => new Error("too much"),
    damaged: () => new Error("damaged"),
    ...(whole === undefined ? {} : { whole }),
  });
}

test.each(["raw", "gzip"] as const)(
  "any ranges of a %s stream are read right, forwards, backwards and at once",
  async (packing) => {
    const source = inflated(packing === "raw" ? deflateRawSync(DATA) : gzipSync(DATA), packing);
    const range = fc.tuple(fc.nat(DATA.length), fc.nat(90_000));
    await fc.assert(
      fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 5 }), async (ranges) => {
        const read = await Promise.all(ranges.map(([start, count]) => source.read(start, start + count)));
        for (const [n, [start, count]] of ranges.entries()) {
          expect(Buffer.compare(read[n]!, DATA.slice(start, start + count))).toBe(0);
        }
      }),
      { numRuns: 20 },
    );
  },
);

test("several gzip members follow each other", async () => {
  const source = inflated(
    joined([gzipSync(DATA.subarray(0, 1000)), gzipSync(DATA.subarray(1000, 3000))]),
    "gzip",
  );
  expect(await source.read(0, 5000)).toEqual(DATA.slice(0, 3000));
});

test("more than was promised is noticed, whatever was asked for", async () => {
  await expect(inflated(deflateRawSync(new Uint8Array(50 << 20)), "raw", 1000).read(0, 10)).rejects.toThrow(
    "too much",
  );
});

test("a stream that breaks off gives what it has, or is damaged where its length is known", async () => {
  const half = deflateRawSync(DATA).subarray(0, 40_000);
  const some = await inflated(half, "raw").read(0, DATA.length);
  expect(some.length).toBeGreaterThan(1000);
  expect(Buffer.compare(some, DATA.slice(0, some.length))).toBe(0);
  const whole = { crc: crc32(DATA), length: DATA.length };
  await expect(inflated(half, "raw", DATA.length, whole).read(0, DATA.length)).rejects.toThrow("damaged");
});

test("noise, and a wrong digest, are damaged", async () => {
  await expect(inflated(Uint8Array.of(7, 7, 7, 7), "raw").read(0, 4)).rejects.toThrow("damaged");
  const wrong = { crc: 1, length: DATA.length };
  await expect(
    inflated(deflateRawSync(DATA), "raw", DATA.length, wrong).read(0, DATA.length),
  ).rejects.toThrow("damaged");
});

test("CRC-32 is that of zlib, in pieces too", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (one, other) => {
      expect(crc32(other, crc32(one))).toBe(referenceCrc(joined([one, other])));
    }),
  );
});

/** zlib's own, as the last bytes of a gzip member give it. */
function referenceCrc(bytes: Uint8Array): number {
  const packed = gzipSync(bytes);
  return packed.readUInt32LE(packed.length - 8);
}
