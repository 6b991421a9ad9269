/** Step 3, Send: what leaves, field by field, beside what stays; or save it and send nothing. */
import type { App } from "../app.ts";
import { words } from "../sentences.ts";
import type { State } from "../state.ts";
import { button, fill, html, show, svg } from "../view/element.ts";
import type { StepView } from "./step.ts";

const text = words.send;

export class SendStep implements StepView {
  readonly element: HTMLElement;
  private readonly sizes = html("div", { class: "sizes" });
  private readonly fields = html("tbody");
  private readonly send = button(text.primary, () => void this.sendSector(), { class: "primary" });
  private readonly save = button(text.save, () => {
    this.saveSector();
  });
  private readonly resume = button(text.resume, () => {
    this.app.transfer.resume();
  });
  private shown: State["sector"] = null;

  constructor(
    private readonly app: App,
    private readonly onAccepted: () => void,
  ) {
    this.element = html(
      "section",
      { class: "step step-send", "aria-labelledby": "send-title" },
      html("h1", { id: "send-title", tabindex: -1 }, text.title),
      html(
        "div",
        { class: "columns" },
        html(
          "section",
          { class: "card", "aria-labelledby": "leaves-title" },
          html("h2", { id: "leaves-title" }, text.leaves),
          this.sizes,
          html("h3", {}, text.fields),
          table([text.field, text.value], this.fields),
        ),
        html(
          "div",
          { class: "aside" },
          html(
            "section",
            { class: "card", "aria-labelledby": "stays-title" },
            html("h2", { id: "stays-title" }, text.stays),
            html("ul", { class: "ticks" }, ...text.staysList.map((one) => html("li", {}, one))),
          ),
          html(
            "div",
            { class: "card actions" },
            html("p", { class: "muted small" }, text.where(location.host, location.hostname)),
            this.send,
            this.save,
            this.resume,
          ),
        ),
      ),
    );
  }

  show(state: State): void {
    if (state.sector && state.sector !== this.shown) this.showSector(state.sector);
    this.shown = state.sector;
    const uploading = state.work?.kind === "upload";
    this.send.disabled = uploading;
    show(this.resume, uploading && state.work.waiting);
  }

  private showSector(sector: NonNullable<State["sector"]>): void {
    const { nrrd, scanBytes, fields } = sector;
    fill(
      this.sizes,
      bar(text.scan, scanBytes, scanBytes, "scan"),
      bar(text.sector, nrrd.byteLength, scanBytes, "sector"),
      html("p", { class: "muted small" }, words.share(nrrd.byteLength, scanBytes)),
    );
    const rows = Object.entries(fields).map(([name, value]) =>
      html(
        "tr",
        {},
        html("th", { scope: "row" }, words.fieldMeaning[name] ?? name, html("code", {}, name)),
        html("td", {}, written(value)),
      ),
    );
    fill(this.fields, ...rows);
  }

  private async sendSector(): Promise<void> {
    const { sector } = this.app.state;
    if (!sector) return;
    const known = this.app.state.job;
    if (known?.state === "done") {
      this.app.dispatch({ type: "went", step: "read" });
      return;
    }
    await this.app.run("upload", async (signal, onProgress) => {
      const news = {
        sent: (bytes: number, total: number) => {
          onProgress("", bytes / total);
        },
        waiting: (waiting: boolean) => {
          if (!signal.aborted) this.app.dispatch({ type: "waited", kind: "upload", waiting });
        },
      };
      const upload = await this.app.transfer.upload(sector, news, signal);
      return { type: "accepted", job: await this.app.transfer.startJob(upload, sector, signal) };
    });
    const { step, job } = this.app.state;
    if (step === "read" && job !== known) this.onAccepted();
  }

  private saveSector(): void {
    const { sector } = this.app.state;
    if (!sector) return;
    download("sector.nrrd", new Blob([sector.nrrd], { type: "application/octet-stream" }));
    download(
      "sector.json",
      new Blob([`${JSON.stringify(sector.fields, null, 1)}\n`], { type: "application/json" }),
    );
  }
}

function download(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  html("a", { href: url, download: name }).click();
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}

/** A length beside another length, with its bytes in words. */
function bar(label: string, bytes: number, of: number, kind: string): HTMLElement {
  const width = Math.max((bytes / of) * 100, 0.5);
  return html(
    "div",
    { class: "size" },
    html("span", {}, label),
    html("strong", {}, words.bytes(bytes)),
    svg(
      "svg",
      { class: `bar bar-${kind}`, viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": true },
      svg("rect", { width: 100, height: 4, class: "bar-whole" }),
      svg("rect", { width, height: 4, class: "bar-part" }),
    ),
  );
}

function table(heads: readonly string[], body: HTMLElement): HTMLElement {
  const head = html("tr", {}, ...heads.map((one) => html("th", { scope: "col" }, one)));
  return html("table", { class: "fields" }, html("thead", {}, head), body);
}

/** A field's value as it travels, to be read by people. */
function written(value: unknown): string {
  if (value === null) return words.none;
  if (Array.isArray(value)) return value.length === 0 ? words.none : value.map(inList).join(", ");
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return value;
  return Object.entries(value as object)
    .map(([name, inner]) => `${name} ${written(inner)}`)
    .join(", ");
}

const inList = (value: unknown): string => (Array.isArray(value) ? `[${written(value)}]` : written(value));
