import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { column } from "../../../src/corridor/geometry.ts";
import { chooseSeries } from "../../../src/corridor/intake/choose.ts";
import { openStudy } from "../../../src/corridor/intake/door.ts";
import { listFiles, printable } from "../../../src/corridor/intake/files.ts";
import { dicomSlice, handed } from "../../makers/dicom.ts";

const PLACES = Array.from({ length: 16 }, (_, k) => 2.5 * k);
const chosen = async (...files: Parameters<typeof openStudy>[0]) =>
  chooseSeries(await openStudy(files)).chosen;

function zipped(change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): Uint8Array<ArrayBuffer> {
  const files = Object.fromEntries(PLACES.map((z, k) => [`a/${String((k * 7) % 16)}`, dicomSlice({ z })]));
  return new Uint8Array(change(zipSync({ ...files, "__MACOSX/._x": new Uint8Array(9) }, { level: 6 })));
}

describe("a zip", () => {
  test("is read in place and gives the same scan", async () => {
    const { volume } = await chosen(handed("study.zip", zipped()));
    expect(volume.grid.shape).toEqual([16, 16, 16]);
    expect((await volume.readSlice(4))[0]).toBe(2 * 10 - 1000);
  });

  test("with a flipped bit in a slice is refused when the slice is read", async () => {
    const bytes = zipped();
    const at = bytes.indexOf(0x50, 40) - 12; // just before the second local header: inside the first slice
    bytes[at] = bytes[at]! ^ 0x10;
    const study = openStudy([handed("study.zip", bytes)]).then(async (one) => {
      const { volume } = chooseSeries(one).chosen;
      for (let k = 0; k < 16; k++) await volume.readSlice(k);
    });
    await expect(study).rejects.toMatchObject({
      code: expect.stringMatching(/zip-unsafe|dicom-damaged|slice/) as string,
    });
  });

  test.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
    ["that breaks off", (bytes) => bytes.slice(0, bytes.length - 30), "zip-unsafe"],
    ["whose entries are encrypted", (bytes) => patched(bytes, 8, 1), "zip-unsafe"],
    ["whose entries are packed otherwise", (bytes) => patched(bytes, 10, 12), "zip-unsafe"],
  ])("%s is refused", async (_, change, code) => {
    await expect(openStudy([handed("study.zip", zipped(change))])).rejects.toMatchObject({ code });
  });

  test("that inflates to far more than it is, is refused", async () => {
    const bomb = new Uint8Array(zipSync({ a: new Uint8Array(30 << 20) }, { level: 9 }));
    await expect(openStudy([handed("bomb.zip", bomb)])).rejects.toMatchObject({ code: "zip-unsafe" });
  });

  test("without any image is refused", async () => {
    const text = new Uint8Array(zipSync({ "a.txt": new TextEncoder().encode("hello") }));
    await expect(openStudy([handed("letters.zip", text)])).rejects.toMatchObject({ code: "nothing-to-read" });
  });
});

/** Change one 16-bit field of every entry of the directory. */
function patched(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0; at + 4 < bytes.length; at++) {
    if (view.getUint32(at, true) === 0x02014b50) view.setUint16(at + offset, value, true);
  }
  return bytes;
}

/** A NIfTI-1 file of 12 x 10 x 16 voxels of 4 x 4 x 3 mm, air with a block of tissue. */
function nifti(change: (view: DataView) => void = () => undefined): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(352 + 2 * 12 * 10 * 16);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 348, true);
  for (const [n, count] of [3, 12, 10, 16].entries()) view.setInt16(40 + 2 * n, count, true);
  view.setInt16(70, 4, true);
  view.setInt16(72, 16, true);
  for (const [n, mm] of [1, 4, 4, 3].entries()) view.setFloat32(76 + 4 * n, mm, true);
  view.setFloat32(108, 352, true);
  view.setUint8(123, 2);
  view.setInt16(254, 1, true);
  for (const [n, number] of [4, 0, 0, -20, 0, 4, 0, -30, 0, 0, 3, 40].entries())
    view.setFloat32(280 + 4 * n, number, true);
  bytes.set(new TextEncoder().encode("n+1"), 344);
  for (let n = 0; n < 12 * 10 * 16; n++) view.setInt16(352 + 2 * n, n % 3 === 0 ? 40 : -1000, true);
  change(view);
  return bytes;
}

describe("a NIfTI file", () => {
  test.each<[string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>]>([
    ["plain", (bytes) => bytes],
    ["gzip", (bytes) => new Uint8Array(gzipSync(bytes))],
  ])("%s is turned from RAS to LPS", async (_, pack) => {
    const { volume, kind } = await chosen(handed("a.nii", pack(nifti())));
    expect(kind).toBe("nifti");
    expect(volume.grid.shape).toEqual([16, 10, 12]);
    expect(column(volume.grid.affine, 3)).toEqual([20, 30, 40]);
    expect(column(volume.grid.affine, 0).map((mm) => mm + 0)).toEqual([-4, 0, 0]);
    expect([...(await volume.readSlice(2)).subarray(0, 3)]).toEqual([40, -1000, -1000]);
  });

  test("a quaternion does as well as a matrix", async () => {
    const file = nifti((view) => {
      view.setInt16(252, 1, true);
      view.setInt16(254, 0, true);
      view.setFloat32(76, -1, true);
      view.setFloat32(256, 1, true); // half a turn about x
      for (const [n, mm] of [5, 6, 7].entries()) view.setFloat32(268 + 4 * n, mm, true);
    });
    const { grid } = (await chosen(handed("a.nii", file))).volume;
    expect(column(grid.affine, 0).map((mm) => mm + 0)).toEqual([-4, 0, 0]);
    expect(column(grid.affine, 1).map((mm) => mm + 0)).toEqual([0, 4, 0]);
    expect(column(grid.affine, 2).map((mm) => mm + 0)).toEqual([0, 0, 3]);
    expect(column(grid.affine, 3)).toEqual([-5, -6, 7]);
  });

  test("the header's scale is applied", async () => {
    const file = nifti((view) => {
      view.setFloat32(112, 2, true);
      view.setFloat32(116, 1000, true);
      for (let n = 0; n < 12 * 10 * 16; n++) view.setInt16(352 + 2 * n, n % 3 === 0 ? -500 : -1000, true);
    });
    expect([...(await (await chosen(handed("a.nii", file))).volume.readSlice(0)).subarray(0, 2)]).toEqual([
      0, -1000,
    ]);
  });

  test.each<[string, (view: DataView) => void, string]>([
    [
      "without a place",
      (view) => {
        view.setInt16(254, 0, true);
      },
      "nifti-unreadable",
    ],
    [
      "in metres",
      (view) => {
        view.setUint8(123, 1);
      },
      "nifti-unreadable",
    ],
    [
      "of four axes",
      (view) => {
        view.setInt16(40, 4, true);
        view.setInt16(48, 2, true);
      },
      "nifti-unreadable",
    ],
    [
      "of colours",
      (view) => {
        view.setInt16(70, 128, true);
      },
      "nifti-unreadable",
    ],
    [
      "with fewer voxels than it says",
      (view) => {
        view.setInt16(46, 17, true);
      },
      "nifti-unreadable",
    ],
    [
      "larger than any scan",
      (view) => {
        view.setInt16(46, 5000, true);
      },
      "too-large",
    ],
    [
      "of a mask",
      (view) => {
        for (let n = 0; n < 12 * 10 * 16; n++) view.setInt16(352 + 2 * n, n % 2, true);
      },
      "not-hounsfield",
    ],
  ])("%s is refused", async (_, change, code) => {
    await expect(openStudy([handed("a.nii", nifti(change))])).rejects.toMatchObject({ code });
  });
});

describe("what is handed over", () => {
  test("nothing that is an image is refused with the count", async () => {
    const text = new TextEncoder().encode("some text that is long enough");
    await expect(openStudy([handed("d/a.txt", text), handed("d/b.txt", text)])).rejects.toMatchObject({
      code: "nothing-to-read",
      details: { name: "d", count: 2 },
    });
  });

  test("one file that is no image is named", async () => {
    const study = await openStudy([handed("a.txt", new TextEncoder().encode("hello"))]);
    expect(() => chooseSeries(study)).toThrow("a.txt");
  });

  test("volumes of a folder count only where there is no DICOM", async () => {
    const { kind } = await chosen(
      handed("d/a.nii", nifti()),
      handed("d/readme.txt", new TextEncoder().encode("hello")),
    );
    expect(kind).toBe("nifti");
  });

  test("hidden files are not looked at, one alone is", () => {
    expect(
      listFiles([handed("d/.DS_Store", new Uint8Array(3)), handed("d/a", new Uint8Array(3))]).map(
        (one) => one.name,
      ),
    ).toEqual(["a"]);
    expect(listFiles([handed(".a", new Uint8Array(3))])).toHaveLength(1);
  });

  test("more files than the limit are refused", () => {
    expect(() => listFiles(new Array(20_001).fill(handed("d/a", new Uint8Array(1))) as never)).toThrow(
      "20000",
    );
  });

  test("a name is cut, printable and without its folders", () => {
    expect(printable("C:\\patients\\a\u0007b\u202e.dcm")).toBe("a_b_.dcm");
    expect(printable(`x/${"n".repeat(80)}`)).toHaveLength(60);
  });
});
