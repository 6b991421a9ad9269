/** Draws the 3-D pictures away from the page's main thread. */
import { sectorVoxels } from "../sector.ts";
import { Raster, type Ball, type Camera, type Cut } from "./raster.ts";
import type { SectorFile } from "../pool.ts";
import type { Voxels, Window } from "./slice.ts";

/** What there is to see; the sector's voxels are unpacked in here. */
export interface Scene {
  readonly sector: SectorFile;
  readonly balls: readonly Ball[];
}

/** One picture to draw. */
export interface Shot {
  readonly width: number;
  readonly height: number;
  readonly camera: Camera;
  readonly cuts: readonly Cut[];
  readonly window: Window;
  readonly mark: Ball;
}

export interface Picture {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
}

/** The sector's voxels for the page's own planes: inflating them on the main thread would stall it. */
export interface Unpacked {
  readonly values: Int16Array<ArrayBuffer>;
}

export type FromRaster = Picture | Unpacked;
export type ToRaster = { readonly scene: Scene } | { readonly shot: Shot };

/** The part of a worker's own scope that is used here; the page's types know no worker from inside. */
interface Scope {
  postMessage(message: FromRaster, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToRaster>) => void) | null;
}
const scope = self as unknown as Scope;

let balls: readonly Ball[] = [];
let volume: Promise<Voxels> | null = null;

scope.onmessage = ({ data }) => {
  if ("scene" in data) {
    balls = data.scene.balls;
    volume = sectorVoxels(data.scene.sector);
    void volume.then(giveBack);
  } else void draw(data.shot);
};

function giveBack({ values }: Voxels): void {
  const copy = Int16Array.from(values);
  scope.postMessage({ values: copy }, [copy.buffer]);
}

async function draw({ width, height, camera, cuts, window, mark }: Shot): Promise<void> {
  const voxels = await volume;
  const raster = new Raster(width, height);
  if (voxels) raster.drawPlanes(voxels, cuts, window, camera);
  raster.drawBalls([...balls, mark], camera);
  scope.postMessage({ pixels: raster.pixels, width }, [raster.pixels.buffer]);
}
