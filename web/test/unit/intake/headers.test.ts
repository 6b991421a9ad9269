import { describe, expect, test } from "vitest";
import { judgeHeader, readDicomHead } from "../../../src/corridor/intake/headers.ts";
import { Problem } from "../../../src/corridor/problems.ts";
import { dicomSlice, type Element, member, type SliceOptions } from "../../makers/dicom.ts";

async function judged(options: SliceOptions) {
  const one = member("a.dcm", dicomSlice(options));
  return judgeHeader(one, await readDicomHead(one));
}

test("a slice's place, scale and bits are those of its header", async () => {
  const header = await judged({
    z: -12.5,
    change: [
      [0x00280120, "US", [0xfc18]],
      [0x00180088, "DS", "2.5"],
    ],
  });
  expect(header.planes[0]).toEqual({
    positionMm: [-100, -120, -12.5],
    orientation: [1, 0, 0, 0, 1, 0],
    pixelMm: [3, 2.5],
    slope: 2,
    intercept: -1000,
  });
  expect(header).toMatchObject({
    rows: 16,
    columns: 16,
    signed: true,
    bitsStored: 16,
    padding: [-1000, -1000],
    headerStepMm: 2.5,
    original: true,
  });
});

test("a modality LUT takes the place of slope and intercept", async () => {
  const table: Element[] = [
    [0x00283002, "US", [3, 10, 16]],
    [0x00283004, "LO", "HU"],
    [0x00283006, "US", [100, 200, 300]],
  ];
  const header = await judged({
    change: [
      [0x00281052, null],
      [0x00281053, null],
      [0x00283000, "SQ", [table]],
    ],
  });
  expect(header).toMatchObject({ table: [100, 200, 300], tableFirst: 10 });
});

test("the frames of an enhanced file have a place each", async () => {
  const frame = (z: number): Element[] => [[0x00209113, "SQ", [[[0x00200032, "DS", `0\\0\\${String(z)}`]]]]];
  const shared: Element[] = [
    [0x00209116, "SQ", [[[0x00200037, "DS", "1\\0\\0\\0\\1\\0"]]]],
    [0x00289110, "SQ", [[[0x00280030, "DS", "1\\1"]]]],
    [
      0x00289145,
      "SQ",
      [
        [
          [0x00281052, "DS", "0"],
          [0x00281053, "DS", "1"],
        ],
      ],
    ],
  ];
  const values = new Uint16Array(2 * 256);
  const { planes } = await judged({
    values,
    change: [
      [0x00280008, "IS", "2"],
      [0x52009229, "SQ", [shared]],
      [0x52009230, "SQ", [frame(5), frame(7)]],
    ],
  });
  expect(planes.map((plane) => plane.positionMm[2])).toEqual([5, 7]);
});

describe("refused are", () => {
  const cases: [string, SliceOptions["change"], string, string][] = [
    ["another modality", [[0x00080060, "CS", "MR"]], "no-ct-series", "modality MR"],
    ["a localizer", [[0x00080008, "CS", "ORIGINAL\\PRIMARY\\LOCALIZER"]], "no-ct-series", "localizer"],
    [
      "a secondary capture",
      [[0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7"]],
      "no-ct-series",
      "secondary capture",
    ],
    ["burnt-in text", [[0x00280301, "CS", "YES"]], "burnt-in-text", "burnt"],
    ["colour", [[0x00280002, "US", [3]]], "pixels-unsupported", "grey"],
    ["no rescale", [[0x00281053, null]], "not-hounsfield", "rescale"],
    ["a slope of 0", [[0x00281053, "DS", "0"]], "not-hounsfield", "slope"],
    ["a slope that is no number", [[0x00281053, "DS", "nan"]], "not-hounsfield", "slope"],
    ["a slope that is a word", [[0x00281053, "DS", "two"]], "dicom-damaged", "bad header"],
    ["another rescale type", [[0x00281054, "LO", "OD"]], "not-hounsfield", "OD"],
    ["no position", [[0x00200032, null]], "geometry-missing", "Position"],
    ["two numbers of a position", [[0x00200032, "DS", "1\\2"]], "geometry-missing", "bad Image Position"],
    [
      "directions that are not at right angles",
      [[0x00200037, "DS", "1\\0\\0\\1\\0\\0"]],
      "geometry-missing",
      "right angles",
    ],
    ["a spacing of 0", [[0x00280030, "DS", "0\\1"]], "geometry-missing", "Spacing"],
    ["no rows", [[0x00280010, "US", [0]]], "dicom-damaged", "0 rows"],
    ["more bits than fit", [[0x00280101, "US", [20]]], "dicom-damaged", "20 of 16 bits"],
    [
      "12 bits allocated",
      [
        [0x00280100, "US", [12]],
        [0x00280101, "US", [12]],
        [0x00280102, "US", [11]],
      ],
      "pixels-unsupported",
      "12 bits",
    ],
    ["no pixels", [[0x7fe00010, null]], "dicom-damaged", "no pixel data"],
    ["fewer pixels than rows and columns", [[0x00280010, "US", [17]]], "slice-truncated", "due"],
    [
      "frames without a place each",
      [
        [0x00280008, "IS", "2"],
        [0x7fe00010, "OW", new Uint8Array(1024)],
      ],
      "geometry-missing",
      "several frames",
    ],
    ["a number of frames beyond all", [[0x00280008, "IS", "1e300"]], "too-large", "larger"],
  ];
  test.each(cases)("%s", async (_, change = [], code, reason) => {
    const problem = await judged({ change }).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect((problem as Problem).code).toBe(code);
    expect(`${(problem as Problem).message} ${(problem as Problem).integratorSentence}`).toContain(reason);
  });
});
