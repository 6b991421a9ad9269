/** Random boxes, affines and grids for properties. */
import fc from "fast-check";
import {
  type Affine,
  affineOf,
  Box,
  cross,
  norm,
  type Point,
  scale,
  subtract,
  dot,
} from "../../src/corridor/geometry.ts";

export const places = fc.double({ min: -500, max: 500, noNaN: true });
export const points: fc.Arbitrary<Point> = fc.tuple(places, places, places);
const sizes = fc.double({ min: 1, max: 300, noNaN: true });
const spacings = fc.double({ min: 0.3, max: 5, noNaN: true });

export const boxes = fc
  .tuple(points, fc.tuple(sizes, sizes, sizes))
  .map(([low, size]) => Box.between(low, [low[0] + size[0], low[1] + size[1], low[2] + size[2]]));

/** Any rotation and reflection with spacings of a CT. */
export const rigidAffines: fc.Arbitrary<Affine> = fc
  .tuple(points, points, fc.boolean(), fc.tuple(spacings, spacings, spacings), points)
  .filter(([one, other]) => norm(cross(one, other)) > 1 && norm(one) > 1)
  .map(([one, other, mirrored, [di, dj, dk], origin]) => {
    const i = scale(one, 1 / norm(one));
    const straight = subtract(other, scale(i, dot(other, i)));
    const j = scale(straight, 1 / norm(straight));
    const k = scale(cross(i, j), mirrored ? -1 : 1);
    return affineOf(scale(i, di), scale(j, dj), scale(k, dk), origin);
  });
