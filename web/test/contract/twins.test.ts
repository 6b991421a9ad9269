import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { limit, notices, problems, type LimitName } from "../../src/corridor/contract.ts";
import {
  type Affine,
  applyAffine,
  Box,
  column,
  type Faces,
  Grid,
  isotropicGrid,
  lpsFromRas,
  type Point,
  type Zyx,
} from "../../src/corridor/geometry.ts";
import { Problem } from "../../src/corridor/problems.ts";

interface Given {
  one?: Faces;
  other?: Faces;
  box?: Faces;
  affine?: Affine;
  shape_zyx?: Zyx;
  points?: Point[];
  margin_mm?: Faces;
  spacing_mm?: number;
}

const CONTRACT = new URL("../../../contract/", import.meta.url);
const json = (name: string): unknown => JSON.parse(readFileSync(new URL(name, CONTRACT), "utf8"));
const twins = json("fixtures/twins/geometry.json") as { function: string; input: Given; answer: unknown }[];

const IDENTITY: Affine = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
];
const box = (faces?: Faces): Box => new Box(faces!);
const grid = (given: Given): Grid => new Grid(given.shape_zyx ?? [1, 1, 1], given.affine ?? IDENTITY);

const ANSWERS: Record<string, (given: Given) => unknown> = {
  iou: (given) => box(given.one).iou(box(given.other)),
  intersection: (given) => box(given.one).intersection(box(given.other))?.faces ?? null,
  grown: (given) => box(given.box).grown(given.margin_mm!).faces,
  apply_affine: (given) => given.points!.map((point) => applyAffine(given.affine!, point)),
  lps_from_ras: (given) => lpsFromRas(given.affine!),
  bounds_mm: (given) => grid(given).bounds.faces,
  spacing_mm: (given) => grid(given).spacing,
  voxel_range: (given) => grid(given).voxelRange(box(given.box)),
  isotropic_grid: (given) => {
    const made = isotropicGrid(box(given.box), given.spacing_mm!);
    return { shape_zyx: made.shape, origin_mm: column(made.affine, 3) };
  },
};

/** Compare numbers within 1e-9, whatever they lie in. */
function expectClose(answer: unknown, due: unknown): void {
  if (typeof due === "number") expect(answer).toBeCloseTo(due, 9);
  else if (due === null || typeof due !== "object") expect(answer).toEqual(due);
  else {
    expect(Object.keys(answer as object)).toEqual(Object.keys(due));
    for (const [key, value] of Object.entries(due))
      expectClose((answer as Record<string, unknown>)[key], value);
  }
}

test.each(twins.map((twin, n) => [`${String(n)}-${twin.function}`, twin] as const))(
  "the page gives the twin's answer: %s",
  (_, twin) => {
    expectClose(ANSWERS[twin.function]!(twin.input), twin.answer);
  },
);

test("limits, problems and notices are those of the contract", () => {
  const limits = json("limits.json") as Record<LimitName, { value: number }>;
  for (const [name, { value }] of Object.entries(limits)) expect(limit(name as LimitName)).toBe(value);
  expect(problems).toEqual(json("problems.json"));
  expect(notices).toEqual(json("notices.json"));
});

test("a problem's document has the shape of the contract's example", () => {
  const example = json("fixtures/valid/problem--file-empty.json") as Record<string, unknown>;
  const made = new Problem("file-empty", { name: "a.dcm" }).asJson();
  expect(Object.keys(made).sort()).toEqual(Object.keys(example).sort());
  expect(made).toMatchObject({ code: "file-empty", type: "urn:heartbox:problem:file-empty", status: 422 });
});

test("a sentence without its details is a fault, not a half sentence", () => {
  expect(() => new Problem("file-empty")).toThrow(RangeError);
});
