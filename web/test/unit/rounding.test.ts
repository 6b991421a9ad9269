import { expect, test } from "vitest";
import { rounded, roundHalfEven } from "../../src/corridor/rounding.ts";

test.each([
  [3.0390625, 6, 3.039062],
  [-3.0390625, 6, -3.039062],
  [0.5, 0, 0],
  [1.5, 0, 2],
  [2.675, 2, 2.67], // below the tie in binary
  [-18.7849, 2, -18.78],
  [0.125, 2, 0.12],
  [0.375, 2, 0.38],
])("%f rounds to %i places as %f, as the Python side does", (value, places, due) => {
  expect(rounded(value, places)).toBe(due);
});

test.each([
  [0.5, 0],
  [1.5, 2],
  [-0.5, -0],
  [-1.5, -2],
  [2.4, 2],
  [-2.6, -3],
])("%f is nearest to %i, halves to the even one", (value, due) => {
  expect(roundHalfEven(value)).toBe(due);
});
