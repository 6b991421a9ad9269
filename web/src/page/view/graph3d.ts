/** The aortic graph in 3-D over the CT: vessels as tubes, the CT as planes through the chosen point. */
import { Box, type Point } from "../../corridor/geometry.ts";
import type { SectorFile } from "../pool.ts";
import type { GraphDocument } from "../results.ts";
import { words } from "../sentences.ts";
import { html, svg, viewBox } from "./element.ts";
import { cameraAt, project, type Ball, type Camera, type Cut } from "./raster.ts";
import type { FromRaster, Picture, Shot, ToRaster } from "./raster.worker.ts";
import type { Window } from "./slice.ts";

/** One colour for each branch name, legible on dark and told apart by the colour-blind (Okabe and Ito 2008). */
const COLOURS: Readonly<Record<string, readonly [number, number, number]>> = {
  ascending: [224, 92, 74],
  arch: [224, 92, 74],
  descending: [224, 92, 74],
  brachiocephalic: [86, 180, 233],
  left_carotid: [0, 178, 135],
  left_subclavian: [240, 200, 66],
  left_coronary: [204, 121, 187],
  right_coronary: [230, 159, 0],
};
const AORTA = new Set(["ascending", "arch", "descending"]);
const OTHER_COLOUR = [170, 178, 190] as const;
const MARK_COLOUR = [255, 255, 255] as const;
const MARK_RADIUS_MM = 2.2;
/** Thin vessels are drawn at least this thick, mm, so that a coronary can be seen. */
const LEAST_RADIUS_MM = 0.9;
/** While the picture turns it is drawn coarser by this factor. */
const COARSE = 2;
const VIEW = { turn: 0.55, tilt: 0.3 } as const;

export class Graph3d {
  readonly element: HTMLElement;
  onPick: (point: Point) => void = () => undefined;
  private readonly canvas = html("canvas", { role: "img", "aria-label": words.graphImage });
  private readonly labels = svg("svg", { class: "overlay", "aria-hidden": true });
  private balls: Ball[] = [];
  private names: { readonly name: string; readonly pointMm: Point }[] = [];
  private worker: Worker | null = null;
  /** A picture is being drawn; `again` when another is wanted after it. */
  private onUnpacked: (values: Int16Array) => void = () => undefined;
  private drawing = false;
  private again = false;
  private bounds: Box | null = null;
  private window: Window = { width: 600, centre: 200 };
  private mark: Point = [0, 0, 0];
  private turn: number = VIEW.turn;
  private tilt: number = VIEW.tilt;
  private zoom = 1;
  private turning = false;
  planesShown = true;

  constructor() {
    this.element = html(
      "div",
      { class: "graph3d", tabindex: 0, role: "group", "aria-label": words.graphView },
      this.canvas,
      this.labels,
    );
    new ResizeObserver(() => {
      this.redraw();
    }).observe(this.element);
    this.listen();
  }

  /** Show a graph over the voxels of its sector; gives those voxels, [z, y, x] HU, for other views. */
  show(graph: GraphDocument, sector: SectorFile): Promise<Int16Array> {
    this.bounds = new Box(sector.fields.sector_box_lps_mm);
    this.balls = graph.branches.flatMap((branch) =>
      branch.points_mm.map((pointMm, n) => ({
        pointMm,
        radiusMm: Math.max(branch.diameter_mm[n]! / 2, LEAST_RADIUS_MM),
        colour: COLOURS[branch.name] ?? OTHER_COLOUR,
      })),
    );
    this.names = namesOf(graph);
    const unpacked = new Promise<Int16Array>((resolve) => (this.onUnpacked = resolve));
    this.send({ scene: { sector, balls: this.balls } });
    this.home();
    return unpacked;
  }

  home(): void {
    [this.turn, this.tilt, this.zoom] = [VIEW.turn, VIEW.tilt, 1];
    this.redraw();
  }

  setMark(point: Point): void {
    this.mark = point;
    this.redraw();
  }

  setWindow(window: Window): void {
    this.window = window;
    this.redraw();
  }

  turnBy(turn: number, tilt: number): void {
    this.turn += turn;
    this.tilt = Math.min(Math.max(this.tilt + tilt, -Math.PI / 2), Math.PI / 2);
    this.redraw();
  }

  zoomBy(factor: number): void {
    this.zoom = Math.min(Math.max(this.zoom * factor, 0.5), 8);
    this.redraw();
  }

  /** Ask for a picture; while one is being drawn, the newest wish waits. */
  redraw(): void {
    const [width, height] = [this.element.clientWidth, this.element.clientHeight];
    if (!this.bounds || width === 0 || height === 0) return;
    if (this.drawing) {
      this.again = true;
      return;
    }
    this.drawing = true;
    this.send({ shot: this.shot(width, height) });
  }

  private shot(width: number, height: number): Shot {
    const ratio = this.turning ? 1 / COARSE : Math.min(window.devicePixelRatio, 1.5);
    const size = { width: Math.ceil(width * ratio), height: Math.ceil(height * ratio) };
    const mark = { pointMm: this.mark, radiusMm: MARK_RADIUS_MM, colour: MARK_COLOUR };
    const camera = this.camera(size.width, size.height);
    return { ...size, camera, cuts: this.planesShown ? this.cuts() : [], window: this.window, mark };
  }

  private send(message: ToRaster): void {
    if (!this.worker) {
      this.worker = new Worker(new URL("./raster.worker.ts", import.meta.url), { type: "module" });
      this.worker.addEventListener("message", (event: MessageEvent<FromRaster>) => {
        this.hear(event.data);
      });
    }
    this.worker.postMessage(message);
  }

  private hear(message: FromRaster): void {
    if ("values" in message) this.onUnpacked(message.values);
    else this.take(message);
  }

  private take({ pixels, width }: Picture): void {
    const image = new ImageData(pixels, width);
    [this.canvas.width, this.canvas.height] = [image.width, image.height];
    this.canvas.getContext("2d")!.putImageData(image, 0, 0);
    this.write(this.element.clientWidth, this.element.clientHeight);
    this.drawing = false;
    if (!this.again) return;
    this.again = false;
    this.redraw();
  }

  private cuts(): Cut[] {
    return ([0, 1, 2] as const).map((axis) => ({ axis, atMm: this.mark[axis] }));
  }

  private camera(width: number, height: number): Camera {
    const bounds = this.bounds!;
    const pixelsPerMm = (Math.min(width, height) / Math.hypot(...bounds.size)) * 1.25 * this.zoom;
    return cameraAt(this.turn, this.tilt, bounds.centre, pixelsPerMm);
  }

  /** Names beside their vessels, and the letters of the patient's sides that the eye looks along. */
  private write(width: number, height: number): void {
    const camera = this.camera(width, height);
    this.labels.setAttribute("viewBox", viewBox(width, height));
    const placed = this.names.map(({ name, pointMm }) => {
      const [x, y] = project(camera, pointMm);
      return { name, x: width / 2 + x + 14, y: height / 2 + y };
    });
    const texts = apart(placed).map(({ name, x, y }) => svg("text", { x, y, class: "vessel-name" }, name));
    this.labels.replaceChildren(...texts);
  }

  private listen(): void {
    const { element } = this;
    element.addEventListener("contextmenu", (event) => {
      event.preventDefault();
    });
    element.addEventListener("keydown", (event) => {
      this.press(event);
    });
    element.addEventListener("dblclick", () => {
      this.home();
    });
    element.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoomBy(event.deltaY > 0 ? 1 / 1.1 : 1.1);
      },
      { passive: false },
    );
    element.addEventListener("pointerdown", (event) => {
      this.drag(event);
    });
  }

  private press(event: KeyboardEvent): void {
    const turns: Record<string, readonly [number, number]> = {
      ArrowLeft: [0.1, 0],
      ArrowRight: [-0.1, 0],
      ArrowUp: [0, 0.1],
      ArrowDown: [0, -0.1],
    };
    const by = turns[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    this.turnBy(...by);
  }

  private drag(down: PointerEvent): void {
    const { element } = this;
    element.focus({ preventScroll: true });
    element.setPointerCapture(down.pointerId);
    let [x, y, travelled] = [down.clientX, down.clientY, 0];
    const move = (event: PointerEvent): void => {
      const [dx, dy] = [event.clientX - x, event.clientY - y];
      [x, y] = [event.clientX, event.clientY];
      travelled += Math.hypot(dx, dy);
      this.turning = true;
      if (down.button === 2) this.zoomBy(Math.exp(-dy / 150));
      else this.turnBy(-dx / 120, dy / 120);
    };
    const up = (event: PointerEvent): void => {
      for (const name of ["pointerup", "pointercancel"] as const) element.removeEventListener(name, up);
      element.removeEventListener("pointermove", move);
      this.turning = false;
      this.redraw();
      if (travelled < 3 && event.type === "pointerup") this.pick(event);
    };
    element.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"] as const) element.addEventListener(name, up);
  }

  /** The nearest centreline point under the pointer. */
  private pick(event: PointerEvent): void {
    const frame = this.element.getBoundingClientRect();
    const camera = this.camera(frame.width, frame.height);
    const at = [
      event.clientX - frame.left - frame.width / 2,
      event.clientY - frame.top - frame.height / 2,
    ] as const;
    let picked: { readonly point: Point; readonly depth: number } | null = null;
    for (const ball of this.balls) {
      const [x, y, depth] = project(camera, ball.pointMm);
      const reach = Math.max(ball.radiusMm * camera.pixelsPerMm, 4);
      if (Math.hypot(x - at[0], y - at[1]) > reach || (picked && picked.depth <= depth)) continue;
      picked = { point: ball.pointMm, depth };
    }
    if (picked) this.onPick(picked.point);
  }
}

interface Label {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** Text lines closer than this would lie over each other, CSS pixels. */
const LINE_PX = 15;

/** Each vessel named once: the aorta's parts at their middle, other vessels at their far end. */
function namesOf(graph: GraphDocument): { readonly name: string; readonly pointMm: Point }[] {
  const names = new Map<string, Point>();
  for (const { name, points_mm } of graph.branches) {
    if (name === "branch" || names.has(name)) continue;
    names.set(name, points_mm[AORTA.has(name) ? Math.floor(points_mm.length / 2) : points_mm.length - 1]!);
  }
  return [...names].map(([name, pointMm]) => ({ name: words.branch(name), pointMm }));
}

/** Push labels down until no two lie over each other. */
function apart(labels: readonly Label[]): Label[] {
  const placed: Label[] = [];
  for (const label of [...labels].sort((a, b) => a.y - b.y)) {
    let { y } = label;
    for (const other of placed) {
      const beside = Math.abs(other.x - label.x) > 110;
      if (!beside && y - other.y < LINE_PX) y = other.y + LINE_PX;
    }
    placed.push({ ...label, y });
  }
  return placed;
}
