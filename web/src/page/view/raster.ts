/**
 * A picture of balls and planes in a volume, drawn into a depth buffer in plain numbers.
 *
 * A vessel is the union of the balls along its centreline, so its shape is exact to the sampling of the
 * line; the CT lies in it as planes through one point. No GPU is needed: a picture takes some 10 ms.
 */
import { applyAffine, type Point } from "../../corridor/geometry.ts";
import { greyOf, linearReader, type Voxels, type Window } from "./slice.ts";

/** Parallel projection: three unit vectors in LPS (right, down, away from the eye), a centre, a scale. */
export interface Camera {
  readonly right: Point;
  readonly down: Point;
  readonly away: Point;
  readonly centre: Point;
  readonly pixelsPerMm: number;
}

export interface Ball {
  readonly pointMm: Point;
  readonly radiusMm: number;
  /** 0..255 each */
  readonly colour: readonly [number, number, number];
}

export interface Cut {
  readonly axis: 0 | 1 | 2;
  /** LPS mm along the axis */
  readonly atMm: number;
}

/** How much of a ball shines through a plane in front of it. */
const THROUGH_PLANE = 0.45;
const AIR_HU = -1024;
/** Air and lung are left out of the planes, so that vessels are seen between them. */
const LEAST_HU = -300;

/** Turn a camera that looks from the front (turned to the side and tilted by radians) into its vectors. */
export function cameraAt(turn: number, tilt: number, centre: Point, pixelsPerMm: number): Camera {
  const [ct, st, ci, si] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
  return {
    right: [ct, st, 0],
    down: [-st * si, ct * si, -ci],
    away: [-st * ci, ct * ci, si],
    centre,
    pixelsPerMm,
  };
}

/** Pixels and depth (mm away from the eye) of a point, from the middle of the picture. */
export function project(camera: Camera, point: Point): readonly [number, number, number] {
  const [x, y, z] = [point[0] - camera.centre[0], point[1] - camera.centre[1], point[2] - camera.centre[2]];
  const along = (v: Point): number => x * v[0] + y * v[1] + z * v[2];
  const scale = camera.pixelsPerMm;
  return [along(camera.right) * scale, along(camera.down) * scale, along(camera.away)];
}

/** What the planes left before the balls came, and the depth of the nearest ball. */
interface Under {
  readonly depth: Float32Array;
  readonly pixels: Uint8ClampedArray;
  readonly front: Float32Array;
}

/** A picture under way: colours over depth. */
export class Raster {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  private readonly depth: Float32Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.pixels = new Uint8ClampedArray(width * height * 4);
    this.depth = new Float32Array(width * height).fill(Infinity);
  }

  /** Draw planes of the volume, each opaque where it holds tissue. */
  drawPlanes(volume: Voxels, cuts: readonly Cut[], window: Window, camera: Camera): void {
    for (const cut of cuts) this.drawPlane(volume, cut, window, camera);
  }

  private drawPlane(volume: Voxels, cut: Cut, window: Window, camera: Camera): void {
    const { right, down, away, centre, pixelsPerMm } = camera;
    const slope = away[cut.axis];
    if (Math.abs(slope) < 0.02) return;
    const read = linearReader(volume, AIR_HU);
    const inverse = volume.grid.inverse;
    const { faces } = volume.grid.bounds;
    const step = 1 / pixelsPerMm;
    const at = (px: number, py: number): [Point, number] => {
      const [u, v] = [(px - this.width / 2) * step, (py - this.height / 2) * step];
      const base = centre[cut.axis] + u * right[cut.axis] + v * down[cut.axis];
      const t = (cut.atMm - base) / slope;
      const on = ([0, 1, 2] as const).map((n) => centre[n] + u * right[n] + v * down[n] + t * away[n]);
      return [on as unknown as Point, t];
    };
    // On one plane everything is linear in the pixel: two steps give all others.
    const [p0, t0] = at(0, 0);
    const [px, tx] = at(1, 0);
    const [py, ty] = at(0, 1);
    const v0 = applyAffine(inverse, p0);
    const [vx, vy] = [applyAffine(inverse, px), applyAffine(inverse, py)];
    const [ix, jx, kx] = [vx[0] - v0[0], vx[1] - v0[1], vx[2] - v0[2]];
    const [iy, jy, ky] = [vy[0] - v0[0], vy[1] - v0[1], vy[2] - v0[2]];
    if (cut.atMm < faces[cut.axis * 2]! || cut.atMm > faces[cut.axis * 2 + 1]!) return;
    for (let row = 0; row < this.height; row++) {
      for (let col = 0; col < this.width; col++) {
        const hu = read(
          v0[0] + col * ix + row * iy,
          v0[1] + col * jx + row * jy,
          v0[2] + col * kx + row * ky,
        );
        const t = t0 + col * (tx - t0) + row * (ty - t0);
        const n = row * this.width + col;
        if (hu < LEAST_HU || t >= this.depth[n]!) continue;
        const grey = greyOf(hu, window);
        this.put(n, grey, grey, grey, t);
      }
    }
  }

  /** Draw balls with light from the eye; those behind a plane shine through it. */
  drawBalls(balls: readonly Ball[], camera: Camera): void {
    const under: Under = {
      depth: this.depth.slice(),
      pixels: this.pixels.slice(),
      front: new Float32Array(this.depth.length).fill(Infinity),
    };
    for (const ball of balls) this.drawBall(ball, camera, under);
  }

  private drawBall(ball: Ball, camera: Camera, { depth: planes, pixels, front }: Under): void {
    const [cx, cy, depth] = project(camera, ball.pointMm);
    const scale = camera.pixelsPerMm;
    const radius = Math.max(ball.radiusMm * scale, 1);
    const [x, y] = [cx + this.width / 2, cy + this.height / 2];
    const [left, rightmost] = [
      Math.max(Math.ceil(x - radius), 0),
      Math.min(Math.floor(x + radius), this.width - 1),
    ];
    const [top, bottom] = [
      Math.max(Math.ceil(y - radius), 0),
      Math.min(Math.floor(y + radius), this.height - 1),
    ];
    for (let row = top; row <= bottom; row++) {
      for (let col = left; col <= rightmost; col++) {
        const [dx, dy] = [(col - x) / radius, (row - y) / radius];
        const facing = 1 - dx * dx - dy * dy;
        if (facing <= 0) continue;
        const n = row * this.width + col;
        const near = Math.sqrt(facing);
        const t = depth - (near * radius) / scale;
        if (t >= front[n]!) continue;
        front[n] = t;
        const light = 0.35 + 0.65 * near;
        const [r, g, b] = ball.colour;
        if (t < planes[n]!) this.put(n, r * light, g * light, b * light, t);
        else this.shine(n, [r * light, g * light, b * light], pixels);
      }
    }
  }

  private put(n: number, r: number, g: number, b: number, t: number): void {
    this.depth[n] = t;
    this.pixels[n * 4] = r;
    this.pixels[n * 4 + 1] = g;
    this.pixels[n * 4 + 2] = b;
    this.pixels[n * 4 + 3] = 255;
  }

  /** Mix what lies behind a plane into the plane's own grey. */
  private shine(n: number, colour: readonly [number, number, number], plain: Uint8ClampedArray): void {
    for (let c = 0; c < 3; c++) {
      const grey = plain[n * 4 + c]!;
      this.pixels[n * 4 + c] = grey + (colour[c]! - grey) * THROUGH_PLANE;
    }
  }
}
