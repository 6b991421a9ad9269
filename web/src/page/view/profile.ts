/** Diameter along the aorta as a curve: hover or click finds a place, the other views mark it. */
import { nearestStation, type Landmark, type Station } from "../results.ts";
import { words } from "../sentences.ts";
import { html, setAttributes, svg, viewBox } from "./element.ts";

/** Room for the numbers around the curve, CSS pixels. */
const EDGE = { left: 44, right: 12, top: 24, bottom: 34 } as const;
/** A jump between branches wider than this is a gap in the curve, mm. */
const GAP_MM = 10;
/** Ticks are about this far apart, CSS pixels. */
const TICK_PX = { x: 90, y: 26 } as const;

export class Profile {
  readonly element: HTMLElement;
  onPlace: (station: number) => void = () => undefined;
  private readonly picture = svg("svg", { role: "img", "aria-label": words.read.profile });
  private readonly markLine = svg("line", { class: "mark-line" });
  private readonly markDot = svg("circle", { class: "mark-dot", r: 5 });
  private stations: readonly Station[] = [];
  private landmarks: readonly Landmark[] = [];
  private marked = 0;
  private axes: Axes | null = null;

  constructor() {
    this.element = html("div", { class: "profile" }, this.picture);
    new ResizeObserver(() => {
      this.draw();
    }).observe(this.element);
    for (const name of ["pointermove", "pointerdown"] as const) {
      this.element.addEventListener(name, (event) => {
        this.point(event);
      });
    }
  }

  show(stations: readonly Station[], landmarks: readonly Landmark[]): void {
    [this.stations, this.landmarks, this.marked] = [stations, landmarks, 0];
    this.draw();
  }

  /** Mark a station on the curve. */
  setMark(number: number): void {
    this.marked = number;
    const station = this.stations[number];
    if (!station || !this.axes) return;
    const [x, y] = [this.axes.x(station.arcMm), this.axes.y(station.diameterMm)];
    setAttributes(this.markLine, { x1: x, x2: x, y1: EDGE.top, y2: this.axes.bottom });
    setAttributes(this.markDot, { cx: x, cy: y });
  }

  private point(event: PointerEvent): void {
    if (!this.axes || this.stations.length === 0) return;
    const arcMm = this.axes.arcAt(event.clientX - this.element.getBoundingClientRect().left);
    const away = this.stations.map((station) => Math.abs(station.arcMm - arcMm));
    const nearest = away.indexOf(Math.min(...away));
    if (nearest !== this.marked) this.onPlace(nearest);
  }

  private draw(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (this.stations.length === 0 || width < 100 || height < 60) return;
    const axes = axesOf(this.stations, width, height);
    this.axes = axes;
    setAttributes(this.picture, { viewBox: viewBox(width, height) });
    this.picture.replaceChildren(
      ...gridOf(axes),
      ...sectionsOf(this.stations, axes),
      svg("path", { class: "curve", d: curveOf(this.stations, axes) }),
      ...this.landmarksOn(axes),
      this.markLine,
      this.markDot,
    );
    this.setMark(this.marked);
  }

  private landmarksOn(axes: Axes): SVGElement[] {
    return this.landmarks.flatMap((landmark) => {
      const station = this.stations[nearestStation(this.stations, landmark.point_mm)];
      if (!station || !landmark.diameter_mm) return [];
      const [x, y] = [axes.x(station.arcMm), axes.y(landmark.diameter_mm.equivalent)];
      const shape = svg("path", {
        class: "landmark",
        d: `M${x.toFixed(1)} ${(y - 5).toFixed(1)}l5 5l-5 5l-5 -5z`,
      });
      shape.append(svg("title", {}, words.landmark(landmark.name)));
      return [shape];
    });
  }
}

/** Where numbers lie on the picture, CSS pixels. */
interface Axes {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly mostArcMm: number;
  readonly mostDiameterMm: number;
  x(arcMm: number): number;
  y(diameterMm: number): number;
  arcAt(px: number): number;
}

function axesOf(stations: readonly Station[], width: number, height: number): Axes {
  const mostArcMm = Math.max(stations.at(-1)!.arcMm, 1);
  const mostDiameterMm = Math.max(...stations.map((station) => station.diameterMm)) * 1.15;
  const [right, bottom] = [width - EDGE.right, height - EDGE.bottom];
  const [across, up] = [right - EDGE.left, bottom - EDGE.top];
  return {
    left: EDGE.left,
    right,
    bottom,
    mostArcMm,
    mostDiameterMm,
    x: (arcMm) => EDGE.left + (arcMm / mostArcMm) * across,
    y: (diameterMm) => bottom - (diameterMm / mostDiameterMm) * up,
    arcAt: (px) => ((px - EDGE.left) / across) * mostArcMm,
  };
}

/** Round numbers from 0 on, at least `leastPx` apart. */
export function ticks(most: number, lengthPx: number, leastPx: number): number[] {
  const raw = most / Math.max(lengthPx / leastPx, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= raw)!;
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, n) => n * step);
}

function gridOf(axes: Axes): SVGElement[] {
  const { left, right, bottom } = axes;
  const across = ticks(axes.mostArcMm, right - left, TICK_PX.x).flatMap((arcMm) => [
    svg("line", { class: "grid", x1: axes.x(arcMm), x2: axes.x(arcMm), y1: EDGE.top, y2: bottom }),
    svg("text", { class: "tick", x: axes.x(arcMm), y: bottom + 14, "text-anchor": "middle" }, String(arcMm)),
  ]);
  const up = ticks(axes.mostDiameterMm, bottom - EDGE.top, TICK_PX.y).flatMap((diameterMm) => [
    svg("line", { class: "grid", x1: left, x2: right, y1: axes.y(diameterMm), y2: axes.y(diameterMm) }),
    svg(
      "text",
      { class: "tick", x: left - 6, y: axes.y(diameterMm) + 4, "text-anchor": "end" },
      String(diameterMm),
    ),
  ]);
  const middle = (EDGE.top + bottom) / 2;
  return [
    ...across,
    ...up,
    svg("text", { class: "tick", x: right, y: bottom + 28, "text-anchor": "end" }, words.profileX),
    svg(
      "text",
      { class: "tick", "text-anchor": "middle", transform: `translate(12 ${middle.toFixed(1)}) rotate(-90)` },
      words.profileY,
    ),
  ];
}

/** The parts of the aorta by name, above the curve, with a line where one ends. */
function sectionsOf(stations: readonly Station[], axes: Axes): SVGElement[] {
  const names = [...new Set(stations.map((station) => station.branch))];
  return names.flatMap((name, n) => {
    const own = stations.filter((station) => station.branch === name);
    const [first, last] = [axes.x(own[0]!.arcMm), axes.x(own.at(-1)!.arcMm)];
    const label = svg(
      "text",
      { class: "tick section", x: (first + last) / 2, y: EDGE.top - 8, "text-anchor": "middle" },
      words.branch(name),
    );
    const line = svg("line", {
      class: "section-line",
      x1: first,
      x2: first,
      y1: EDGE.top - 16,
      y2: axes.bottom,
    });
    return n === 0 ? [label] : [label, line];
  });
}

function curveOf(stations: readonly Station[], axes: Axes): string {
  return stations
    .map((station, n) => {
      const jump = n === 0 || station.arcMm - stations[n - 1]!.arcMm > GAP_MM;
      return `${jump ? "M" : "L"}${axes.x(station.arcMm).toFixed(1)} ${axes.y(station.diameterMm).toFixed(1)}`;
    })
    .join("");
}
