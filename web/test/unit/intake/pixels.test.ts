import { describe, expect, test } from "vitest";
import { joined } from "../../../src/corridor/bytes.ts";
import { judgeHeader, readDicomHead } from "../../../src/corridor/intake/headers.ts";
import { Frames } from "../../../src/corridor/intake/pixels.ts";
import { dicomSlice, encapsulated, member, type SliceOptions } from "../../makers/dicom.ts";

const RLE = "1.2.840.10008.1.2.5";

async function framesOf(bytes: Uint8Array<ArrayBuffer>): Promise<Frames> {
  const one = member("a.dcm", bytes);
  return new Frames(judgeHeader(one, await readDicomHead(one)));
}

const firstHu = async (options: SliceOptions): Promise<number> =>
  (await (await framesOf(dicomSlice(options))).hu(0))[0]!;
const flat = (value: number): number[] => new Array<number>(256).fill(value);
const bits = (stored: number, high: number, signed: number): SliceOptions["change"] => [
  [0x00280101, "US", [stored]],
  [0x00280102, "US", [high]],
  [0x00280103, "US", [signed]],
  [0x00281052, "DS", "0"],
  [0x00281053, "DS", "1"],
];

test("HU are slope x stored + intercept", async () => {
  expect(await firstHu({ values: flat(520) })).toBe(40);
});

test("halves are rounded to the even number, as the Python side does", async () => {
  const change: SliceOptions["change"] = [
    [0x00281052, "DS", "0"],
    [0x00281053, "DS", "0.5"],
  ];
  expect(await firstHu({ values: flat(5), change })).toBe(2);
  expect(await firstHu({ values: flat(7), change })).toBe(4);
});

describe("stored values are masked and extend their sign from the high bit", () => {
  test.each([
    [0xf800, 12, 11, 1, -1024], // -2048 is below air
    [0xffff, 12, 11, 1, -1],
    [0xf7ff, 12, 11, 1, 2047],
    [0xf064, 12, 11, 0, 100],
    [0x0640, 12, 15, 0, 100],
    [0xfff0, 12, 15, 1, -1],
  ])("%i with %i bits up to bit %i, signed %i", async (value, stored, high, signed, due) => {
    expect(await firstHu({ values: flat(value), change: bits(stored, high, signed) })).toBe(due);
  });
});

test("padding and what lies below air are air", async () => {
  const change: SliceOptions["change"] = [...bits(16, 15, 1)!, [0x00280120, "US", [5]]];
  expect(await firstHu({ values: flat(5), change })).toBe(-1024);
  expect(await firstHu({ values: flat(-3000), change })).toBe(-1024);
});

test("RLE is read, highest byte first", async () => {
  const bytes = rleFile([[0xfe, 1, 0xfe, 1, 0xff, 1, ...repeated(1, 248)], repeated(2, 256)]);
  const frames = await framesOf(bytes);
  expect([...(await frames.stored(0))].slice(0, 9)).toEqual(new Array(9).fill(0x0102));
});

test("an RLE segment that is too short is a truncated slice", async () => {
  const frames = await framesOf(rleFile([repeated(1, 256), repeated(2, 200)]));
  await expect(frames.stored(0)).rejects.toMatchObject({ code: "slice-truncated" });
});

test("fragments that run past the end are noticed without decoding one", async () => {
  const bytes = rleFile([repeated(1, 256), repeated(2, 256)]);
  const frames = await framesOf(bytes.slice(0, bytes.length - 20));
  await expect(frames.check()).rejects.toMatchObject({ code: "slice-truncated" });
});

describe("compressed streams are looked at before they are decoded", () => {
  const sof = (rows: number, columns: number, kind = 0xc3, components = 1) => [
    0xff,
    kind,
    0,
    11,
    16,
    rows >> 8,
    rows & 255,
    columns >> 8,
    columns & 255,
    components,
    1,
    0x11,
    0,
  ];
  const stream = (head: number[], tail = [0xff, 0xd9]) => Uint8Array.from([0xff, 0xd8, ...head, ...tail]);
  const LOSSLESS = "1.2.840.10008.1.2.4.70";

  test.each<[string, Uint8Array<ArrayBuffer>, string, string]>([
    ["another size", stream(sof(65535, 65535)), "dicom-damaged", "65535 x 65535"],
    ["another kind", stream(sof(16, 16, 0xc0)), "dicom-damaged", "another kind"],
    ["three components", stream(sof(16, 16, 0xc3, 3)), "dicom-damaged", "3 components"],
    ["no end", stream(sof(16, 16), [1, 2]), "slice-truncated", "no end"],
    ["no picture at all", Uint8Array.of(1, 2, 3, 4), "dicom-damaged", "damaged"],
    ["a picture without data", stream(sof(16, 16)), "dicom-damaged", "damaged"],
  ])("%s", async (_, frame, code, reason) => {
    const frames = await framesOf(compressed(LOSSLESS, frame));
    const problem: unknown = await frames.stored(0).catch((error: unknown) => error);
    expect(problem).toMatchObject({ code });
    expect((problem as { integratorSentence: string }).integratorSentence).toContain(reason);
  });

  test("JPEG of 12 bits is refused by name: no decoder of the page is right", async () => {
    await expect(framesOf(compressed("1.2.840.10008.1.2.4.51", stream(sof(16, 16))))).rejects.toMatchObject({
      code: "syntax-unsupported",
      details: { syntax: "1.2.840.10008.1.2.4.51" },
    });
  });
});

function compressed(syntax: string, ...fragments: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const head = dicomSlice({
    syntax,
    change: [
      [0x7fe00010, null],
      [0x00280103, "US", [0]],
    ],
  });
  return joined([head, encapsulated(fragments)]);
}

/** PackBits runs of one byte. */
function repeated(byte: number, count: number): number[] {
  const runs: number[] = [];
  for (let left = count; left > 0; left -= 128) runs.push(257 - Math.min(left, 128), byte);
  return runs;
}

function rleFile(segments: number[][]): Uint8Array<ArrayBuffer> {
  const head = new DataView(new ArrayBuffer(64));
  head.setUint32(0, segments.length, true);
  let at = 64;
  for (const [n, segment] of segments.entries()) {
    head.setUint32(4 + 4 * n, at, true);
    at += segment.length;
  }
  return compressed(
    RLE,
    joined([new Uint8Array(head.buffer), ...segments.map((one) => Uint8Array.from(one))]),
  );
}
