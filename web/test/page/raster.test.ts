import { describe, expect, it } from "vitest";
import { Grid, affineOf, dot, type Point } from "../../src/corridor/geometry.ts";
import { Raster, cameraAt, project } from "../../src/page/view/raster.ts";

const RED = [200, 0, 0] as const;
const FRONT = cameraAt(0, 0, [0, 0, 0], 1);
const grid = new Grid([21, 21, 21], affineOf([4, 0, 0], [0, 4, 0], [0, 0, 4], [-40, -40, -40]));
const volume = { values: new Int16Array(grid.size).fill(40), grid };
const WINDOW = { width: 400, centre: 40 };

const pixel = (raster: Raster, x: number, y: number): number[] => {
  const n = (Math.round(y + raster.height / 2) * raster.width + Math.round(x + raster.width / 2)) * 4;
  return [...raster.pixels.slice(n, n + 4)];
};

describe("the camera", () => {
  it("sees from the front the patient's left on the right, the head on top, the back away", () => {
    expect(project(FRONT, [10, 0, 0])[0]).toBeGreaterThan(0);
    expect(project(FRONT, [0, 0, 10])[1]).toBeLessThan(0);
    expect(project(FRONT, [0, 10, 0])[2]).toBeGreaterThan(0);
  });

  it.each([
    [0.3, 0.2],
    [-2, 1.2],
    [3, -0.7],
  ])("keeps right angles and lengths when turned by %f and %f", (turn, tilt) => {
    const { right, down, away } = cameraAt(turn, tilt, [0, 0, 0], 1);
    for (const one of [right, down, away]) expect(dot(one, one)).toBeCloseTo(1);
    expect(dot(right, down)).toBeCloseTo(0);
    expect(dot(right, away)).toBeCloseTo(0);
    expect(dot(down, away)).toBeCloseTo(0);
  });
});

describe("the picture", () => {
  const ball = (pointMm: Point): { pointMm: Point; radiusMm: number; colour: typeof RED } => ({
    pointMm,
    radiusMm: 10,
    colour: RED,
  });

  it("draws a ball as wide as it is", () => {
    const raster = new Raster(100, 100);
    raster.drawBalls([ball([0, 0, 0])], FRONT);
    const row = Array.from({ length: 100 }, (_, x) => raster.pixels[(50 * 100 + x) * 4 + 3]!);
    expect(row.filter((alpha) => alpha > 0).length).toBeGreaterThanOrEqual(19);
    expect(row.filter((alpha) => alpha > 0).length).toBeLessThanOrEqual(21);
  });

  it("hides the far ball behind the near one whichever comes first", () => {
    const near = { ...ball([0, -30, 0]), colour: [0, 200, 0] as const };
    for (const balls of [
      [ball([0, 0, 0]), near],
      [near, ball([0, 0, 0])],
    ]) {
      const raster = new Raster(100, 100);
      raster.drawBalls(balls, FRONT);
      const [red, green] = pixel(raster, 0, 0);
      expect(green).toBeGreaterThan(150);
      expect(red).toBe(0);
    }
  });

  it("lets a vessel behind a CT plane shine through it, and covers the plane in front", () => {
    const colours = [-20, 20].map((y) => {
      const raster = new Raster(100, 100);
      raster.drawPlanes(volume, [{ axis: 1, atMm: 0 }], WINDOW, FRONT);
      raster.drawBalls([ball([0, y, 0])], FRONT);
      return pixel(raster, 0, 0);
    });
    expect(colours[0]![0]).toBeGreaterThan(190);
    expect(colours[0]![1]).toBe(0);
    expect(colours[1]![1]).toBeGreaterThan(50);
    expect(colours[1]![0]).toBeGreaterThan(colours[1]![1]!);
  });

  it("leaves what lies outside of the volume empty", () => {
    const raster = new Raster(120, 120);
    raster.drawPlanes(volume, [{ axis: 1, atMm: 0 }], WINDOW, FRONT);
    expect(pixel(raster, 0, 0)[3]).toBe(255);
    expect(pixel(raster, 55, 0)[3]).toBe(0);
  });
});
