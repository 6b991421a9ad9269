/** Step 2, Check: the box over three planes, the verdict in words, and every way to correct it. */
import type { App } from "../app.ts";
import { Box, FACES, Grid, type Faces } from "../../corridor/geometry.ts";
import { MARGIN_MM } from "../../corridor/sector.ts";
import { words } from "../sentences.ts";
import { boxVerdict, withFace, type State } from "../state.ts";
import { BoxLayer } from "../view/box.ts";
import { button, fill, html, setAttributes, show } from "../view/element.ts";
import { Planes } from "../view/planes.ts";
import { windowPicker } from "../view/window.ts";
import type { StepView } from "./step.ts";

const text = words.check;

export class CheckStep implements StepView {
  readonly element: HTMLElement;
  readonly planes = new Planes(["axial", "coronal", "sagittal"]);
  private readonly verdict = html("div", { class: "verdict" });
  private readonly notes = html("div", { class: "notes" });
  private readonly inputs = FACES.map((face, n) => this.faceInput(face, n));
  private readonly size = html("p", { class: "muted small" });
  private readonly mask = html("input", { type: "checkbox", id: "mask", checked: true });
  private readonly maskRow = html("label", { class: "check", for: "mask" }, this.mask, text.mask);
  private readonly undo = button(text.undo, () => {
    this.app.dispatch({ type: "undone" });
  });
  private readonly redo = button(text.redo, () => {
    this.app.dispatch({ type: "redone" });
  });
  private readonly reset = button(text.reset, () => {
    this.app.dispatch({ type: "reset" });
  });
  private readonly draw = button(text.draw, () => {
    this.drawBox();
  });
  private readonly another = button(text.another, () => {
    this.app.dispatch({ type: "went", step: "open" });
  });
  private readonly use = button(text.continue, () => void this.cut(), { class: "primary" });
  private readonly numbers: HTMLElement;
  private shown: State["scan"] = null;

  constructor(private readonly app: App) {
    this.planes.layers.push(
      new BoxLayer({
        box: () => app.state.box?.now ?? null,
        bounds: () => app.state.scan?.bounds ?? null,
        sector: () => sectorFaces(app.state),
        move: (faces, settled) => {
          app.dispatch({ type: "moved", faces, settled });
        },
      }),
    );
    this.mask.addEventListener("change", () => {
      this.showMask(this.mask.checked);
    });
    this.numbers = html(
      "fieldset",
      { class: "numbers" },
      html("legend", {}, text.numbers),
      html("div", { class: "faces" }, ...this.inputs.map(({ label }) => label)),
      this.size,
      html("p", { class: "muted small" }, text.numbersHelp),
    );
    this.element = html(
      "section",
      { class: "step step-check viewer-step", "aria-labelledby": "check-title" },
      html("div", { class: "viewer planes-3" }, ...this.planes.views.map((view) => view.element)),
      this.panel(),
    );
  }

  toggleMask(): void {
    this.mask.checked = !this.mask.checked;
    this.showMask(this.mask.checked);
  }

  show(state: State): void {
    if (state.scan && state.scan !== this.shown) this.showScan(state);
    this.shown = state.scan;
    if (!state.scan) return;
    this.showVerdict(state);
    this.showNumbers(state);
    this.planes.redraw();
  }

  private panel(): HTMLElement {
    return html(
      "aside",
      { class: "panel", "aria-label": text.title },
      html(
        "div",
        { class: "panel-scroll", tabindex: 0, role: "group", "aria-label": text.title },
        html("h1", { id: "check-title", tabindex: -1 }, text.title),
        this.verdict,
        html("div", { class: "row" }, this.draw, this.another),
        this.notes,
        this.numbers,
        html("div", { class: "row" }, this.undo, this.redo, this.reset),
        windowPicker(this.planes),
        this.maskRow,
      ),
      html("div", { class: "panel-foot" }, this.use),
    );
  }

  private showScan(state: State): void {
    const { preview, located, bounds } = state.scan!;
    const volume = { values: preview.hu, grid: new Grid(preview.shape, preview.affine) };
    const { mask } = located;
    const found = mask && { values: mask.values, grid: new Grid(mask.shape, mask.affine) };
    this.planes.show(volume, found, new Box(state.box?.now ?? bounds).centre);
    show(this.maskRow, found !== null);
    const notices = located.document.warnings;
    fill(
      this.notes,
      ...(notices.length === 0
        ? []
        : [html("h2", {}, text.notes), html("ul", {}, ...notices.map((one) => html("li", {}, one.text)))]),
    );
  }

  private showVerdict(state: State): void {
    const { document } = state.scan!.located;
    const byHand = state.box !== null && boxVerdict(state) === "drawn";
    const title = byHand ? words.verdictDrawn : words.verdict(document.verdict, document.cut_faces);
    const more = byHand ? words.verdictDrawnMore : words.verdictMore(document.verdict);
    setAttributes(this.verdict, { "data-verdict": byHand ? "drawn" : document.verdict });
    const confidence = html(
      "p",
      { class: "small" },
      `${text.confidence}: `,
      html("strong", {}, words.confidence(document.confidence)),
    );
    fill(
      this.verdict,
      html("p", { class: "verdict-title" }, title),
      html("p", { class: "small" }, more),
      byHand ? null : confidence,
    );
    show(this.draw, state.box === null);
    this.draw.classList.toggle("primary", state.box === null);
    show(this.another, document.verdict !== "found");
    show(this.use, state.box !== null);
  }

  private showNumbers(state: State): void {
    const { box } = state;
    show(this.numbers, box !== null);
    for (const one of [this.undo, this.redo, this.reset]) show(one, box !== null);
    if (!box) return;
    this.inputs.forEach(({ input }, n) => {
      if (document.activeElement !== input) input.value = box.now[n]!.toFixed(1);
    });
    this.size.textContent = `${words.sizeLabel}: ${words.size(box.now)}`;
    this.undo.disabled = box.past.length === 0;
    this.redo.disabled = box.future.length === 0;
    const given = state.scan!.located.document.heart_box_lps_mm;
    show(this.reset, given !== null);
    this.reset.disabled = boxVerdict(state) !== "drawn";
  }

  private showMask(shown: boolean): void {
    this.planes.maskShown = shown;
    this.planes.redraw();
  }

  private faceInput(
    face: (typeof FACES)[number],
    n: number,
  ): { label: HTMLElement; input: HTMLInputElement } {
    const input = html("input", { type: "number", step: 0.5, "aria-label": words.faceInput(face) });
    const take = (): void => {
      const { box, scan } = this.app.state;
      const value = input.valueAsNumber;
      if (box && scan && Number.isFinite(value) && Math.abs(value - box.now[n]!) >= 0.05) {
        this.app.dispatch({ type: "moved", faces: withFace(box.now, n, value, scan.bounds), settled: true });
      }
    };
    input.addEventListener("change", take);
    input.addEventListener("blur", () => {
      this.show(this.app.state);
    });
    return { label: html("label", { class: "face" }, words.face(face), input), input };
  }

  private drawBox(): void {
    this.app.dispatch({ type: "drawn" });
    const { box } = this.app.state;
    if (box) this.planes.setCrosshair(new Box(box.now).centre);
  }

  private async cut(): Promise<void> {
    const { box, scan } = this.app.state;
    if (!box || !scan) return;
    if (this.app.state.sector) {
      this.app.dispatch({ type: "went", step: "send" });
      return;
    }
    const verdict = boxVerdict(this.app.state);
    await this.app.run("cut", async (signal, onProgress) => {
      const sector = await this.app.pool.sector(
        scan.id,
        { box: box.now, margin: MARGIN_MM, verdict },
        signal,
        onProgress,
      );
      return { type: "cut", sector };
    });
  }
}

/** The box that would be cut: the heart's box with its margin, inside the scan. */
function sectorFaces(state: State): Faces | null {
  if (!state.box || !state.scan) return null;
  return new Box(state.box.now).grown(MARGIN_MM).intersection(new Box(state.scan.bounds))?.faces ?? null;
}
