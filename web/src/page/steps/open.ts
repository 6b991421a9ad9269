/** Step 1, Open: hand over a scan, see which series there are and which one was chosen, and why. */
import type { App, OnProgress } from "../app.ts";
import { fromDrop, fromInput, type Picked } from "../files.ts";
import type { SeriesAnswer } from "../pool.ts";
import { words } from "../sentences.ts";
import type { State } from "../state.ts";
import type { Example } from "../transfer.ts";
import { button, fill, html, setAttributes, show } from "../view/element.ts";
import type { StepView } from "./step.ts";

const text = words.open;
/** Files of the example fetched at the same time. */
const AT_ONCE = 6;

export class OpenStep implements StepView {
  readonly element: HTMLElement;
  private readonly zone: HTMLElement;
  private readonly example = button(text.example, () => void this.openExample(), { class: "quiet" });
  private readonly folders = picker(text.folder, true);
  private readonly files = picker(text.files, false);
  private readonly found = html("section", { class: "card found", "aria-labelledby": "series-title" });
  private readonly how = howItGoes();
  private offered: Example | null = null;
  private shown: State["study"] = null;

  constructor(private readonly app: App) {
    this.zone = html(
      "div",
      { class: "drop" },
      html("p", { class: "drop-title" }, text.drop),
      html("p", { class: "muted" }, text.kinds),
      html("div", { class: "row centre" }, this.folders.button, this.files.button),
      html("div", { class: "row centre" }, this.example),
      this.folders.input,
      this.files.input,
    );
    this.element = html(
      "section",
      { class: "step step-open", "aria-labelledby": "open-title" },
      html("h1", { id: "open-title", tabindex: -1 }, text.title),
      html("p", { class: "lead" }, text.lead),
      html("div", { class: "columns" }, this.zone, html("div", { class: "aside" }, this.how, this.found)),
    );
    this.listen();
    void this.offer();
  }

  show(state: State): void {
    setAttributes(this.element, { "data-busy": state.work !== null });
    show(this.how, state.study === null);
    show(this.found, state.study !== null);
    if (state.study && state.study !== this.shown) this.showSeries(state);
    this.shown = state.study;
    const primary = state.study?.chosen !== null && state.study !== null;
    this.folders.button.classList.toggle("primary", !primary);
  }

  private listen(): void {
    for (const { input } of [this.folders, this.files]) {
      input.addEventListener("change", () => {
        void this.open(fromInput(input), null);
        input.value = "";
      });
    }
    // The whole window takes a drop, so that a near miss does not leave the page.
    for (const name of ["dragenter", "dragover"] as const) {
      window.addEventListener(name, (event) => {
        event.preventDefault();
        setAttributes(this.zone, { "data-over": true });
      });
    }
    window.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) setAttributes(this.zone, { "data-over": false });
    });
    window.addEventListener("drop", (event) => {
      event.preventDefault();
      setAttributes(this.zone, { "data-over": false });
      if (event.dataTransfer) void fromDrop(event.dataTransfer).then((files) => this.open(files, null));
    });
  }

  private async offer(): Promise<void> {
    this.offered = await this.app.transfer.example(new AbortController().signal).catch(() => null);
    show(this.example, this.offered !== null);
  }

  private async openExample(): Promise<void> {
    const { offered } = this;
    if (!offered) return;
    const picked: Picked[] = [];
    await this.app.run("example", async (signal, onProgress) => {
      const waiting = [...offered.files];
      const total = waiting.reduce((sum, file) => sum + file.bytes, 0);
      let got = 0;
      const fetchSome = async (): Promise<void> => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
          const file = await this.app.transfer.exampleFile(next.name, signal);
          picked.push({ path: next.name, file });
          onProgress("", (got += file.size) / total);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, fetchSome));
      return null;
    });
    if (picked.length === offered.files.length) await this.open(picked, offered.attribution);
  }

  private async open(files: readonly Picked[], attribution: string | null): Promise<void> {
    if (files.length === 0) {
      this.app.dispatch({ type: "stopped" }, text.noFolderDrop);
      return;
    }
    this.app.dispatch({ type: "cleared" });
    await this.app.run("open", async (signal, onProgress) => {
      const study = await this.app.pool.open(files, signal, onProgress);
      return { type: "opened", study, attribution };
    });
    const { study } = this.app.state;
    if (study && study.chosen !== null) await this.find(study.chosen);
  }

  /** Look for the heart in a series; the planes' reduced scan comes with it. */
  private async find(id: number): Promise<void> {
    await this.app.run("locate", async (signal, onProgress) => {
      const half = (from: number): OnProgress => {
        return (step, share) => {
          onProgress(step, from + share / 2);
        };
      };
      const located = await this.app.pool.locate(id, signal, half(0));
      const preview = await this.app.pool.preview(id, signal, half(0.5));
      return { type: "located", id, preview, located };
    });
  }

  private showSeries(state: State): void {
    const study = state.study!;
    const chosen = study.chosen;
    fill(
      this.found,
      html("h2", { id: "series-title" }, text.series),
      chosen === null ? null : html("p", { class: "muted" }, study.reason),
      html("ul", { class: "series" }, ...study.series.map((series) => this.seriesItem(series, chosen))),
      state.attribution ? html("p", { class: "muted small" }, `${text.source}: ${state.attribution}`) : null,
      chosen === null
        ? null
        : html(
            "div",
            { class: "row end" },
            button(text.continue, () => void this.find(chosen), { class: "primary" }),
          ),
    );
    show(this.found, study.series.length > 0);
  }

  private seriesItem(series: SeriesAnswer, chosen: number | null): HTMLElement {
    const { summary, refusal } = series;
    const isChosen = series.id === chosen;
    const tag = refusal ? text.refused : isChosen ? text.chosen : text.usable;
    return html(
      "li",
      { class: "series-item", "data-state": refusal ? "refused" : isChosen ? "chosen" : "usable" },
      html(
        "div",
        { class: "series-head" },
        html("strong", {}, series.label),
        html("span", { class: "tag" }, tag),
      ),
      summary
        ? html(
            "p",
            { class: "muted small" },
            words.seriesSummary(summary.shape_zyx[0], summary.spacing_xyz_mm, summary.orientation),
          )
        : null,
      refusal ? html("p", { class: "small" }, refusal.title) : null,
      ...series.notices.map((notice) => html("p", { class: "small" }, notice.text)),
      refusal || isChosen ? null : button(text.use, () => void this.find(series.id), { class: "quiet" }),
    );
  }
}

function picker(label: string, folder: boolean): { button: HTMLButtonElement; input: HTMLInputElement } {
  const input = html("input", {
    type: "file",
    multiple: true,
    webkitdirectory: folder,
    hidden: true,
    "aria-label": label,
    "data-pick": folder ? "folder" : "files",
  });
  return {
    button: button(label, () => {
      input.click();
    }),
    input,
  };
}

function howItGoes(): HTMLElement {
  return html(
    "section",
    { class: "card how", "aria-labelledby": "how-title" },
    html("h2", { id: "how-title" }, text.how),
    html("ol", {}, ...text.howSteps.map((step) => html("li", {}, step))),
  );
}
