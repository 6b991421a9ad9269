import { deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { column, Grid } from "../../src/corridor/geometry.ts";
import { openNrrd, writeNrrd } from "../../src/corridor/nrrd.ts";
import { Problem } from "../../src/corridor/problems.ts";
import { member } from "../makers/dicom.ts";
import { rigidAffines } from "./arbitraries.ts";

const HEADER = `NRRD0004
type: int16
dimension: 3
space: left-posterior-superior
sizes: 4 3 2
space directions: (1,0,0) (0,1,0) (0,0,1)
endian: little
encoding: raw
space origin: (0,0,0)
`;

const file = (header: string, data: Uint8Array) =>
  member("made.nrrd", new Uint8Array([...new TextEncoder().encode(`${header}\n`), ...data]));

const whole = async (bytes: Uint8Array<ArrayBuffer>) => {
  const volume = await openNrrd(member("made.nrrd", bytes));
  return volume.read([0, 0, 0], volume.grid.shape);
};

test("voxels and place come back exactly", async () => {
  await fc.assert(
    fc.asyncProperty(fc.int16Array({ minLength: 24, maxLength: 24 }), rigidAffines, async (hu, affine) => {
      const again = await whole(await writeNrrd(hu, new Grid([2, 3, 4], affine)));
      expect([...again.hu]).toEqual([...hu]);
      const numbers = again.grid.affine.flat();
      expect(affine.flat().every((number, n) => number === numbers[n])).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test("the same voxels give the same bytes, with no time in them", async () => {
  const grid = new Grid(
    [2, 3, 4],
    [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ],
  );
  const values = Int16Array.from({ length: 24 }, (_, n) => n - 12);
  const [one, other] = [await writeNrrd(values, grid), await writeNrrd(values, grid, "")];
  expect(one).toEqual(other);
  const data = one.subarray(new TextDecoder().decode(one).indexOf("\n\n") + 2);
  expect([...data.subarray(4, 8)]).toEqual([0, 0, 0, 0]);
  expect(new Int16Array(new Uint8Array(gunzipSync(data)).buffer)).toEqual(values);
});

test("labels are written as bytes, with a line on what they are", async () => {
  const grid = new Grid(
    [1, 1, 2],
    [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ],
  );
  const text = new TextDecoder().decode(await writeNrrd(Uint8Array.of(0, 1), grid, "labels"));
  expect(text).toContain("content: labels\ntype: uint8\n");
});

test("a RAS file is turned to LPS", async () => {
  const text = HEADER.replace("left-posterior-superior", "right-anterior-superior").replace(
    "(0,0,0)",
    "(1,2,3)",
  );
  const { grid } = await openNrrd(file(text, new Uint8Array(48)));
  expect(column(grid.affine, 3)).toEqual([-1, -2, 3]);
  expect([grid.affine[0][0], grid.affine[1][1], grid.affine[2][2]]).toEqual([-1, -1, 1]);
});

test("real values are rounded and clipped to HU", async () => {
  const values = Float32Array.from({ length: 24 }, (_, n) => [-1e9, -0.6, 0.4, 1e9, NaN, 2.5][n % 6]!);
  const volume = await openNrrd(file(HEADER.replace("int16", "float"), new Uint8Array(values.buffer)));
  expect([...(await volume.readSlice(0))].slice(0, 6)).toEqual([-32768, -1, 0, 32767, 0, 2]);
});

test("big endian is read", async () => {
  const data = Uint8Array.from({ length: 48 }, (_, n) => (n % 2 === 0 ? 0 : n >> 1));
  const volume = await openNrrd(file(HEADER.replace("little", "big"), data));
  expect([...(await volume.readSlice(1))]).toEqual([12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
});

describe("what the dialect does not know is refused", () => {
  test.each([
    ["dimension: 3\n", "dimension: 3\ndata file: /etc/passwd\n", "data file"],
    ["encoding: raw", "encoding: bzip2", "encoding"],
    ["space: left-posterior-superior\n", "", "LPS or RAS"],
    ["space directions: (1,0,0) (0,1,0) (0,0,1)\n", "", "place in space"],
    ["(1,0,0) (0,1,0)", "(1,0,0) (1,0,0)", "place in space"],
    ["(1,0,0)", "(nan,0,0)", "place in space"],
    ["type: int16", "type: block", "voxel type"],
    ["sizes: 4 3 2", "sizes: 4 3 3", "fewer voxels"],
    ["sizes: 4 3 2", "sizes: 4 3 1", "more voxels"],
    ["sizes: 4 3 2", "sizes: 4 3 0", "three axes"],
    ["sizes: 4 3 2", "sizes: 4 3", "three axes"],
    ["dimension: 3\n", "dimension: three\n", "header"],
    ["NRRD0004", "NRRD0009", "version"],
    ["endian: little", "endian: middle", "endian"],
    ["type: int16", "type: int16\ntype: int16", "twice"],
  ])("%j becomes %j", async (from, to, reason) => {
    const refused = openNrrd(file(HEADER.replace(from, to), new Uint8Array(48)));
    await expect(refused).rejects.toThrow(reason);
    await expect(refused).rejects.toMatchObject({ code: "nrrd-unreadable" });
  });

  test("sizes beyond the limit, before reading", async () => {
    const refused = openNrrd(file(HEADER.replace("4 3 2", "4000 4000 4000"), new Uint8Array(0)));
    await expect(refused).rejects.toMatchObject({ code: "too-large" });
  });

  test.each([[""], ["hello"], ["NRRD0004\ntype: int16\n"]])(
    "a file without a whole header: %j",
    async (text) => {
      const refused = openNrrd(member("broken.nrrd", new TextEncoder().encode(text)));
      await expect(refused).rejects.toThrow("broken.nrrd");
    },
  );
});

describe("gzip data", () => {
  const packed = (data: Uint8Array) => file(HEADER.replace("raw", "gzip"), gzipSync(data));

  test("are read plane by plane, also backwards", async () => {
    const values = Int16Array.from({ length: 24 }, (_, n) => n);
    const volume = await openNrrd(packed(new Uint8Array(values.buffer)));
    expect((await volume.readSlice(1))[0]).toBe(12);
    expect((await volume.readSlice(0))[0]).toBe(0);
  });

  test("that are a bomb are refused before one byte is inflated", async () => {
    await expect(openNrrd(packed(new Uint8Array(64 << 20)))).rejects.toThrow("more voxels");
  });

  test("that lie about their length are refused when the lie is reached", async () => {
    const lying = gzipSync(new Uint8Array(64 << 20));
    new DataView(lying.buffer, lying.byteOffset).setUint32(lying.length - 4, 48, true);
    const volume = await openNrrd(file(HEADER.replace("raw", "gzip"), lying));
    await expect(volume.readSlice(1)).rejects.toThrow("more voxels");
  });

  test("whose digest is wrong are refused", async () => {
    const values = new Uint8Array(48).fill(7);
    const trailer = Uint8Array.of(1, 2, 3, 4, 48, 0, 0, 0);
    const bytes = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, ...deflateRawSync(values), ...trailer];
    const volume = await openNrrd(file(HEADER.replace("raw", "gzip"), Uint8Array.from(bytes)));
    await expect(volume.readSlice(1)).rejects.toThrow("damaged");
  });

  test.each([10, 30])("that break off after %i bytes are refused", async (cut) => {
    const data = gzipSync(Uint8Array.from({ length: 48 }, (_, n) => (n * 37) % 251));
    const broken = file(HEADER.replace("raw", "gzip"), data.subarray(0, cut));
    await expect(openNrrd(broken).then((volume) => volume.readSlice(1))).rejects.toBeInstanceOf(Problem);
  });
});

test("an array that does not fit its grid is not written", async () => {
  const grid = new Grid(
    [2, 3, 4],
    [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ],
  );
  await expect(writeNrrd(new Int16Array(3), grid)).rejects.toThrow("do not fit");
});
