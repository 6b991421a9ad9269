/** The three planes: greys, found mask, crosshair, orientation letters; mouse and keys as in a PACS. */
import type { Point } from "../../corridor/geometry.ts";
import { words } from "../sentences.ts";
import { html, setAttributes, svg, viewBox } from "./element.ts";
import {
  PLANE,
  alongMm,
  extentOf,
  drawnMm,
  greyOf,
  pointAt,
  samplePlane,
  throughMm,
  type Extent,
  type Plane,
  type PlaneName,
  type Voxels,
  type Window,
} from "./slice.ts";

/** Fingers know these (anchors: OHIF, Weasis, VolView); centre and width in HU. */
export const PRESETS: readonly (Window & { readonly name: string })[] = [
  { name: words.presets.mediastinum, width: 400, centre: 40 },
  { name: words.presets.lung, width: 1500, centre: -600 },
  { name: words.presets.bone, width: 2000, centre: 350 },
  { name: words.presets.angio, width: 600, centre: 200 },
  { name: words.presets.wide, width: 3000, centre: 400 },
];

const AIR_HU = -1024;
const MASK_COLOUR = [48, 200, 175] as const;
const MASK_ALPHA = { inside: 0.08, edge: 0.8 } as const;
/** From this certainty on (0..255) a voxel counts as heart. */
const MASK_LEAST = 128;
/** A pointer that moves less than this has clicked, CSS pixels. */
const CLICK_PX = 3;
/** Planes may take this much of one frame, ms. */
const FRAME_MS = 8;
const ZOOM = { least: 1, most: 8 } as const;

export interface Layer {
  /** Called after each drawing with the plane's view, to place what lies over it. */
  draw(view: PlaneView): void;
}

/** All planes of one viewer: they share the volume, the window, the crosshair and the layers. */
export class Planes {
  volume: Voxels | null = null;
  mask: Voxels | null = null;
  maskShown = true;
  window: Window = PRESETS[0]!;
  crosshair: Point = [0, 0, 0];
  readonly layers: Layer[] = [];
  readonly views: readonly PlaneView[];
  onCrosshair: (point: Point) => void = () => undefined;
  onWindow: (window: Window) => void = () => undefined;
  private readonly stale = new Set<PlaneView>();
  private frame = 0;

  constructor(names: readonly PlaneName[]) {
    this.views = names.map((name) => new PlaneView(name, this));
    const observer = new ResizeObserver(() => {
      this.redraw();
    });
    for (const view of this.views) observer.observe(view.element);
  }

  /** Look at another volume, from its centre. */
  show(volume: Voxels, mask: Voxels | null, at: Point): void {
    [this.volume, this.mask, this.crosshair] = [volume, mask, at];
    for (const view of this.views) view.home();
    this.redraw();
  }

  setWindow(window: Window): void {
    this.window = { width: Math.max(window.width, 1), centre: window.centre };
    this.onWindow(this.window);
    this.redraw();
  }

  setCrosshair(point: Point, tell = true): void {
    if (!this.volume) return;
    const { faces } = this.volume.grid.bounds;
    const inside = (axis: 0 | 1 | 2): number =>
      Math.min(Math.max(point[axis], faces[axis * 2]!), faces[axis * 2 + 1]!);
    this.crosshair = [inside(0), inside(1), inside(2)];
    if (tell) this.onCrosshair(this.crosshair);
    this.redraw();
  }

  /** Draw all planes, from the next frame on. */
  redraw(): void {
    for (const view of this.views) this.stale.add(view);
    this.frame ||= requestAnimationFrame(() => {
      this.drawSome();
    });
  }

  /** Draw what is stale for as long as a frame allows, and go on in the next one. */
  private drawSome(): void {
    const until = performance.now() + FRAME_MS;
    for (const view of this.stale) {
      view.draw();
      this.stale.delete(view);
      if (performance.now() > until) break;
    }
    this.frame =
      this.stale.size > 0
        ? requestAnimationFrame(() => {
            this.drawSome();
          })
        : 0;
  }
}

/** One plane on the screen. */
export class PlaneView {
  readonly element: HTMLElement;
  readonly overlay = svg("svg", { class: "overlay" });
  readonly plane: Plane;
  private readonly canvas = html("canvas");
  private readonly picture = document.createElement("canvas");
  private readonly place = html("span", { class: "place" });
  private readonly cross = [svg("line", { class: "cross" }), svg("line", { class: "cross" })] as const;
  private zoom = 1;
  private pan: readonly [number, number] = [0, 0];
  /** What the picture was painted from: it stays while that is the same. */
  private painted: { readonly from: readonly unknown[]; readonly extent: Extent } | null = null;

  constructor(
    readonly name: PlaneName,
    private readonly owner: Planes,
  ) {
    this.plane = PLANE[name];
    const letters = this.plane.letters.map((letter, n) =>
      html("span", { class: `letter letter-${["left", "right", "top", "bottom"][n]!}` }, letter),
    );
    this.element = html(
      "div",
      { class: `plane plane-${name}`, tabindex: 0, role: "group", "aria-label": words.planeName(name) },
      this.canvas,
      this.overlay,
      ...letters,
      html("span", { class: "plane-name" }, words.planes[name]),
      this.place,
    );
    setAttributes(this.canvas, { role: "img", "aria-label": words.planeImage(name) });
    this.overlay.append(...this.cross);
    listen(this);
  }

  /** Where the plane on show lies along its own direction, LPS mm. */
  get through(): number {
    return this.owner.crosshair[this.plane.through];
  }

  home(): void {
    [this.zoom, this.pan] = [1, [0, 0]];
  }

  /** Go through the planes by steps of the volume. */
  step(by: number): void {
    const { volume, crosshair } = this.owner;
    if (!volume) return;
    const at: [number, number, number] = [crosshair[0], crosshair[1], crosshair[2]];
    const sign = this.plane.through === 2 ? 1 : -1;
    at[this.plane.through] += sign * by * throughMm(this.plane, volume.grid);
    this.owner.setCrosshair(at);
  }

  /** To the first or the last plane. */
  jump(end: "first" | "last"): void {
    this.step(end === "first" ? 1e5 : -1e5);
  }

  zoomBy(factor: number): void {
    this.zoom = Math.min(Math.max(this.zoom * factor, ZOOM.least), ZOOM.most);
    if (this.zoom === ZOOM.least) this.pan = [0, 0];
    this.owner.redraw();
  }

  panBy(dx: number, dy: number): void {
    this.pan = [this.pan[0] + dx, this.pan[1] + dy];
    this.owner.redraw();
  }

  windowBy(dx: number, dy: number): void {
    const { width, centre } = this.owner.window;
    this.owner.setWindow({
      width: width * Math.exp(dx / 150),
      centre: centre + dy * Math.max(width / 300, 1),
    });
  }

  /** CSS pixels of a point (LPS mm) on this plane. */
  toScreen(point: Point): readonly [number, number] {
    const [right, down] = alongMm(this.plane, point);
    const { x, y, scale, extent } = this.fit();
    return [x + (right - extent.rightMm) * scale, y + (down - extent.downMm) * scale];
  }

  /** The point of this plane (LPS mm) under CSS pixels of the element. */
  toPoint(px: number, py: number): Point {
    const { x, y, scale, extent } = this.fit();
    const right = extent.rightMm + (px - x) / scale;
    const down = extent.downMm + (py - y) / scale;
    return pointAt(this.plane, right, down, this.owner.crosshair);
  }

  lookAt(px: number, py: number): void {
    this.owner.setCrosshair(this.toPoint(px, py));
  }

  draw(): void {
    const [width, height] = [this.element.clientWidth, this.element.clientHeight];
    if (!this.owner.volume || width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio;
    resize(this.canvas, Math.round(width * ratio), Math.round(height * ratio));
    setAttributes(this.overlay, { viewBox: viewBox(width, height) });
    const context = this.canvas.getContext("2d")!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingQuality = "high";
    const { x, y, scale } = this.fit();
    const extent = this.paint();
    context.drawImage(this.picture, x, y, extent.widthMm * scale, extent.heightMm * scale);
    this.drawCross(width, height);
    for (const layer of this.owner.layers) layer.draw(this);
    this.place.textContent = words.planePlace(this.plane.through, this.through);
  }

  /** Where the whole plane lies in the element, CSS pixels, and how many pixels a mm takes. */
  private fit(): { x: number; y: number; scale: number; extent: Extent } {
    const [width, height] = [this.element.clientWidth, this.element.clientHeight];
    const { faces } = this.owner.volume!.grid.bounds;
    const extent = extentOf(this.plane, faces);
    const scale = Math.min(width / extent.widthMm, height / extent.heightMm) * this.zoom;
    const x = (width - extent.widthMm * scale) / 2 + this.pan[0];
    const y = (height - extent.heightMm * scale) / 2 + this.pan[1];
    return { x, y, scale, extent };
  }

  /** Paint greys and mask of the plane through the crosshair into the picture. */
  private paint(): Extent {
    const { volume, mask, maskShown, crosshair, window } = this.owner;
    const known = this.painted;
    const now = [volume, mask, maskShown, this.through, window];
    if (known && now.every((one, n) => one === known.from[n])) return known.extent;
    const step = drawnMm(volume!.grid);
    const { values, columns, rows, extent } = samplePlane(volume!, this.plane, crosshair, step, AIR_HU);
    resize(this.picture, columns, rows);
    const context = this.picture.getContext("2d", { willReadFrequently: true })!;
    const image = context.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    for (let n = 0; n < pixels.length; n++) {
      const grey = greyOf(values[n]!, window) | 0;
      pixels[n] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
    }
    if (mask && maskShown) this.tint(image.data, columns, rows, extent, step);
    context.putImageData(image, 0, 0);
    this.painted = { from: now, extent };
    return extent;
  }

  /** Lay the mask over the greys of a picture. */
  private tint(data: Uint8ClampedArray, columns: number, rows: number, extent: Extent, stepMm: number): void {
    const { mask, crosshair } = this.owner;
    const found = samplePlane(mask!, this.plane, crosshair, stepMm, 0);
    const right = Math.round((extent.rightMm - found.extent.rightMm) / stepMm);
    const down = Math.round((extent.downMm - found.extent.downMm) / stepMm);
    const isHeart = (row: number, col: number): boolean =>
      row >= 0 && row < found.rows && col >= 0 && col < found.columns
        ? found.values[row * found.columns + col]! >= MASK_LEAST
        : false;
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < columns; col++) {
        const [y, x] = [row + down, col + right];
        if (!isHeart(y, x)) continue;
        const inner = isHeart(y - 1, x) && isHeart(y + 1, x) && isHeart(y, x - 1) && isHeart(y, x + 1);
        const alpha = inner ? MASK_ALPHA.inside : MASK_ALPHA.edge;
        const n = (row * columns + col) * 4;
        for (let c = 0; c < 3; c++) data[n + c] = data[n + c]! * (1 - alpha) + MASK_COLOUR[c]! * alpha;
      }
    }
  }

  private drawCross(width: number, height: number): void {
    const [x, y] = this.toScreen(this.owner.crosshair);
    setAttributes(this.cross[0], { x1: x, x2: x, y1: 0, y2: height });
    setAttributes(this.cross[1], { x1: 0, x2: width, y1: y, y2: y });
  }
}

function resize(canvas: HTMLCanvasElement, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/** Left drag: window; click: crosshair; wheel: scroll; middle drag: pan; right drag: zoom. */
function listen(view: PlaneView): void {
  const { element } = view;
  element.addEventListener("contextmenu", (event) => {
    event.preventDefault();
  });
  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      if (event.ctrlKey) view.zoomBy(event.deltaY > 0 ? 1 / 1.1 : 1.1);
      else if (event.deltaY !== 0) view.step(event.deltaY > 0 ? -1 : 1);
    },
    { passive: false },
  );
  element.addEventListener("pointerdown", (down) => {
    if (down.button > 2) return;
    element.focus({ preventScroll: true });
    element.setPointerCapture(down.pointerId);
    if (down.button === 1) down.preventDefault();
    follow(view, down);
  });
}

function follow(view: PlaneView, down: PointerEvent): void {
  const { element } = view;
  let [x, y, moved] = [down.clientX, down.clientY, false];
  const drags = [
    (dx: number, dy: number) => {
      view.windowBy(dx, dy);
    },
    (dx: number, dy: number) => {
      view.panBy(dx, dy);
    },
    (_: number, dy: number) => {
      view.zoomBy(Math.exp(-dy / 150));
    },
  ];
  const move = (event: PointerEvent): void => {
    const [dx, dy] = [event.clientX - x, event.clientY - y];
    if (!moved && Math.hypot(dx, dy) < CLICK_PX) return;
    [x, y, moved] = [event.clientX, event.clientY, true];
    drags[down.button]?.(dx, dy);
  };
  const up = (event: PointerEvent): void => {
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerup", up);
    element.removeEventListener("pointercancel", up);
    if (moved || down.button !== 0 || event.type === "pointercancel") return;
    const box = element.getBoundingClientRect();
    view.lookAt(event.clientX - box.left, event.clientY - box.top);
  };
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", up);
}
