/** The heart's box over the planes: outline, what travels with it, and a handle on every face. */
import { FACES, type Faces } from "../../corridor/geometry.ts";
import { withFace } from "../state.ts";
import { words } from "../sentences.ts";
import { setAttributes, svg } from "./element.ts";
import type { Layer, PlaneView } from "./planes.ts";
import { pointAt, type PlaneName } from "./slice.ts";

/** One press of an arrow key moves a face by this much; with Shift, by ten times as much. */
const STEP_MM = 1;

export interface BoxHost {
  box(): Faces | null;
  bounds(): Faces | null;
  /** The box that would be cut: heart box and margin inside the scan. */
  sector(): Faces | null;
  move(faces: Faces, settled: boolean): void;
}

/** Draws the box on each plane; one handle for each of the plane's four faces. */
export class BoxLayer implements Layer {
  private readonly drawn = new Map<PlaneName, BoxOnPlane>();

  constructor(private readonly host: BoxHost) {}

  draw(view: PlaneView): void {
    let on = this.drawn.get(view.name);
    if (!on) {
      on = new BoxOnPlane(view, this.host);
      this.drawn.set(view.name, on);
    }
    on.draw();
  }
}

interface Handle {
  readonly face: number;
  readonly group: SVGGElement;
}

class BoxOnPlane {
  private readonly heart = svg("rect", { class: "heart-box" });
  private readonly sector = svg("rect", { class: "sector-box" });
  private readonly handles: readonly Handle[];

  constructor(
    private readonly view: PlaneView,
    private readonly host: BoxHost,
  ) {
    const { right, down } = view.plane;
    const faces = [right.axis * 2, right.axis * 2 + 1, down.axis * 2, down.axis * 2 + 1];
    view.overlay.append(this.sector, this.heart);
    this.handles = faces.map((face) => this.handle(face));
  }

  draw(): void {
    const box = this.host.box();
    for (const shape of [this.heart, this.sector, ...this.handles.map(({ group }) => group)]) {
      setAttributes(shape, { display: box ? null : "none" });
    }
    if (!box) return;
    this.outline(this.heart, box);
    this.outline(this.sector, this.host.sector() ?? box);
    for (const handle of this.handles) this.place(handle, box);
  }

  /** A box whose plane is not the one on show is drawn dashed. */
  private outline(rect: SVGRectElement, box: Faces): void {
    const [a, b] = [
      this.view.toScreen([box[0], box[2], box[4]]),
      this.view.toScreen([box[1], box[3], box[5]]),
    ];
    const through = this.view.plane.through;
    const at = this.view.through;
    const passed = at < box[through * 2]! || at > box[through * 2 + 1]!;
    setAttributes(rect, {
      x: Math.min(a[0], b[0]),
      y: Math.min(a[1], b[1]),
      width: Math.abs(a[0] - b[0]),
      height: Math.abs(a[1] - b[1]),
      "data-passed": passed,
    });
  }

  private handle(face: number): Handle {
    const group = svg(
      "g",
      { class: "handle", role: "slider", tabindex: 0, "data-face": FACES[face]! },
      svg("rect", { class: "reach", x: -14, y: -14, width: 28, height: 28 }),
      svg("rect", { class: "knob", x: -5, y: -5, width: 10, height: 10, rx: 2 }),
    );
    group.classList.add(this.isAlongRight(face) ? "handle-across" : "handle-along");
    group.addEventListener("pointerdown", (event) => {
      this.drag(event, face);
    });
    group.addEventListener("keydown", (event) => {
      this.press(event, face);
    });
    this.view.overlay.append(group);
    return { face, group };
  }

  private isAlongRight(face: number): boolean {
    return face >> 1 === this.view.plane.right.axis;
  }

  private place({ face, group }: Handle, box: Faces): void {
    const { right, down } = this.view.plane;
    const middle = (axis: number): number => (box[axis * 2]! + box[axis * 2 + 1]!) / 2;
    const across = this.isAlongRight(face);
    const rightMm = right.sign * (across ? box[face]! : middle(right.axis));
    const downMm = down.sign * (across ? middle(down.axis) : box[face]!);
    const [x, y] = this.view.toScreen(pointAt(this.view.plane, rightMm, downMm, [0, 0, 0]));
    const bounds = this.host.bounds()!;
    const limits = [bounds[face & ~1]!, bounds[face | 1]!];
    setAttributes(group, {
      transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
      "aria-label": words.handle(FACES[face]!, this.view.name),
      "aria-valuenow": box[face]!.toFixed(1),
      "aria-valuemin": limits[0]!.toFixed(1),
      "aria-valuemax": limits[1]!.toFixed(1),
      "aria-valuetext": words.millimetres(box[face]!),
      "aria-orientation": across ? "horizontal" : "vertical",
    });
  }

  private drag(down: PointerEvent, face: number): void {
    if (down.button !== 0) return;
    down.stopPropagation();
    down.preventDefault();
    const target = down.currentTarget as SVGGElement;
    target.focus({ preventScroll: true });
    target.setPointerCapture(down.pointerId);
    const move = (event: PointerEvent): void => {
      this.follow(event, face);
    };
    const up = (): void => {
      target.removeEventListener("pointermove", move);
      target.removeEventListener("pointerup", up);
      target.removeEventListener("pointercancel", up);
      const box = this.host.box();
      if (box) this.host.move(box, true);
    };
    target.addEventListener("pointermove", move);
    target.addEventListener("pointerup", up);
    target.addEventListener("pointercancel", up);
  }

  private follow(event: PointerEvent, face: number): void {
    const [box, bounds] = [this.host.box(), this.host.bounds()];
    if (!box || !bounds) return;
    const frame = this.view.element.getBoundingClientRect();
    const point = this.view.toPoint(event.clientX - frame.left, event.clientY - frame.top);
    this.host.move(withFace(box, face, point[(face >> 1) as 0 | 1 | 2], bounds), false);
  }

  /** Arrow keys move the face where the arrow points on the screen. */
  private press(event: KeyboardEvent, face: number): void {
    const across = this.isAlongRight(face);
    const forward = across ? "ArrowRight" : "ArrowDown";
    const back = across ? "ArrowLeft" : "ArrowUp";
    if (event.key !== forward && event.key !== back) return;
    const [box, bounds] = [this.host.box(), this.host.bounds()];
    if (!box || !bounds) return;
    event.preventDefault();
    event.stopPropagation();
    const sign = across ? this.view.plane.right.sign : this.view.plane.down.sign;
    const by = (event.key === forward ? 1 : -1) * sign * STEP_MM * (event.shiftKey ? 10 : 1);
    this.host.move(withFace(box, face, box[face]! + by, bounds), true);
  }
}
