import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyAffine, column } from "../../../src/corridor/geometry.ts";
import { chooseSeries } from "../../../src/corridor/intake/choose.ts";
import { openStudy } from "../../../src/corridor/intake/door.ts";
import type { Handed } from "../../../src/corridor/intake/files.ts";
import { isRefused, summaryOf } from "../../../src/corridor/intake/series.ts";
import { dicomSlice, handed, seriesAt, type SliceOptions } from "../../makers/dicom.ts";

const PLACES = Array.from({ length: 20 }, (_, k) => -30 + 2.5 * k);
const open = async (files: Handed[]) => chooseSeries(await openStudy(files));
const codes = (notices: readonly { code: string }[]): string[] => notices.map((one) => one.code);

test("order and spacing come from the positions, whatever the files' order and names", async () => {
  const files = seriesAt(PLACES);
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(files, { minLength: files.length }), async (shuffled) => {
      const { volume } = (await open(shuffled)).chosen;
      expect(volume.grid.shape).toEqual([20, 16, 16]);
      expect(column(volume.grid.affine, 2)).toEqual([0, 0, 2.5]);
      expect(applyAffine(volume.grid.affine, [1, 2, 3])).toEqual([-97.5, -114, -22.5]);
      expect((await volume.readSlice(19))[0]).toBe(2 * 18 - 1000);
    }),
    { numRuns: 10 },
  );
});

test("a summary says nothing of the patient", async () => {
  const { chosen } = await open(seriesAt(PLACES));
  expect(summaryOf(chosen)).toEqual({
    kind: "dicom",
    modality: "CT",
    shape_zyx: [20, 16, 16],
    spacing_xyz_mm: [2.5, 3, 2.5],
    orientation: "axial",
    bytes: chosen.bytes,
  });
  expect(chosen.label).toBe("CT, 20 slices of 2.5 mm");
});

test("a missing slice is named by its neighbours", async () => {
  const files = seriesAt(PLACES.filter((_, k) => k !== 7));
  const problem: unknown = await open(files).catch((error: unknown) => error);
  expect(problem).toMatchObject({
    code: "slice-missing",
    details: { count: 1, gap_mm: 5, step_mm: 2.5, gaps: 1 },
  });
  const { before, after } = (problem as { details: { before: string; after: string } }).details;
  expect(files.map((one) => one.path)).toEqual(expect.arrayContaining([`scan/${before}`, `scan/${after}`]));
});

test("every gap of a series is noticed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.subarray(PLACES.slice(1, -1), { minLength: 1, maxLength: 6 }), async (lost) => {
      await expect(open(seriesAt(PLACES.filter((z) => !lost.includes(z))))).rejects.toThrow(
        /missing|evenly|only/,
      );
    }),
    { numRuns: 20 },
  );
});

test("uneven steps are refused", async () => {
  await expect(open(seriesAt(PLACES.map((z, k) => z + (k > 9 ? 0.4 * (k - 9) : 0))))).rejects.toMatchObject({
    code: "spacing-uneven",
  });
});

test("slices off the straight line are refused", async () => {
  const files = seriesAt(PLACES);
  files[9] = handed(
    "scan/x",
    dicomSlice({ z: PLACES[9]!, change: [[0x00200032, "DS", `-99\\-120\\${String(PLACES[9])}`]] }),
  );
  await expect(open(files)).rejects.toMatchObject({ code: "spacing-uneven" });
});

test("a slice that is there twice counts once, and is told", async () => {
  const { chosen, notices } = await open([
    ...seriesAt(PLACES),
    handed("scan/again.dcm", dicomSlice({ z: PLACES[3]! })),
  ]);
  expect(chosen.volume.grid.shape[0]).toBe(20);
  expect(codes(notices)).toEqual(["duplicate-slices"]);
});

test("two images at one place contradict each other", async () => {
  const other = dicomSlice({ z: PLACES[3]!, values: new Array<number>(256).fill(77) });
  await expect(open([...seriesAt(PLACES), handed("scan/b.dcm", other)])).rejects.toMatchObject({
    code: "slices-contradict",
  });
});

test("a gantry tilt is told and the affine follows it", async () => {
  const files = PLACES.map((z, k) =>
    handed(
      `scan/${String(k)}`,
      dicomSlice({ z, change: [[0x00200032, "DS", `-100\\${String(-120 + k * 0.5)}\\${String(z)}`]] }),
    ),
  );
  const { chosen, notices } = await open(files);
  expect(codes(notices)).toEqual(["gantry-tilt"]);
  expect(column(chosen.volume.grid.affine, 2)).toEqual([0, 0.5, 2.5]);
});

test("a header that gives another spacing is told, positions are trusted", async () => {
  const { notices } = await open(seriesAt(PLACES, { change: [[0x00180088, "DS", "5"]] }));
  expect(codes(notices)).toEqual(["spacing-disagrees"]);
});

describe("too little is refused:", () => {
  test.each<[string, number[], SliceOptions, string]>([
    ["three slices", PLACES.slice(0, 3), {}, "too-few-slices"],
    ["a short scan", Array.from({ length: 10 }, (_, k) => k), {}, "too-few-slices"],
    ["slices far apart", Array.from({ length: 10 }, (_, k) => 12 * k), {}, "slices-too-far-apart"],
  ])("%s", async (_, places, options, code) => {
    await expect(open(seriesAt(places, options))).rejects.toMatchObject({ code });
  });
});

describe("of two series in one folder", () => {
  test("the thinner one is chosen, with the reason", async () => {
    const thick = seriesAt(
      PLACES.filter((_, k) => k % 2 === 0).map((z) => z),
      { series: "9.9" },
    );
    const { chosen, reason, notices } = await open([...thick, ...seriesAt(PLACES)]);
    expect(chosen.volume.grid.shape[0]).toBe(20);
    expect(reason).toBe("its slices are thinner");
    expect(codes(notices)).toEqual(["series-chosen"]);
  });

  test("two that fit equally well are refused", async () => {
    await expect(open([...seriesAt(PLACES), ...seriesAt(PLACES, { series: "9.9" })])).rejects.toMatchObject({
      code: "several-series",
      details: { count: 2 },
    });
  });

  test("a broken one is told, and the other is used", async () => {
    const broken = seriesAt(
      PLACES.filter((_, k) => k !== 5),
      { series: "9.9" },
    );
    const { notices } = await open([...broken, ...seriesAt(PLACES)]);
    expect(codes(notices)).toEqual(["series-refused"]);
  });
});

test("a truncated slice refuses its series", async () => {
  const files = seriesAt(PLACES);
  files[4] = handed("scan/cut.dcm", dicomSlice({ z: PLACES[4]! }).slice(0, -100));
  await expect(open(files)).rejects.toMatchObject({ code: "slice-truncated", details: { name: "cut.dcm" } });
});

test("files that are no slices are left aside and named", async () => {
  const others = [
    handed("scan/readme.txt", new TextEncoder().encode("hello there")),
    handed("scan/scout.dcm", dicomSlice({ change: [[0x00080008, "CS", "DERIVED\\PRIMARY\\LOCALIZER"]] })),
  ];
  const study = await openStudy([...seriesAt(PLACES), ...others]);
  expect(
    study
      .filter(isRefused)
      .flatMap((one) => one.names)
      .sort(),
  ).toEqual(["readme.txt", "scout.dcm"]);
  expect(codes(chooseSeries(study).notices)).toEqual(["files-left-aside"]);
});

test("reading can be stopped", async () => {
  const stop = AbortSignal.abort();
  await expect(openStudy(seriesAt(PLACES), { signal: stop })).rejects.toThrow("abort");
});
