/** Step 4, Read: the job's progress, then the aorta in 3-D, on planes, as a curve and as numbers. */
import type { App } from "../app.ts";
import type { Point } from "../../corridor/geometry.ts";
import { aortaLine, nearestStation, type JobDocument, type Station } from "../results.ts";
import { sectorGrid } from "../sector.ts";
import { words } from "../sentences.ts";
import { isFinished, type State } from "../state.ts";
import { button, fill, html, setAttributes, show } from "../view/element.ts";
import { Graph3d } from "../view/graph3d.ts";
import { Planes, PRESETS } from "../view/planes.ts";
import { Profile } from "../view/profile.ts";
import { windowPicker } from "../view/window.ts";
import { branchTable, downloads, landmarkTable, warningList } from "./tables.ts";
import type { StepView } from "./step.ts";

const text = words.read;
const ANGIO = PRESETS[3]!;
const GRAPH_NAME = "graph.json";
/** The views open on the ascending aorta: at this share of the way. */
const FIRST_LOOK = 0.15;

export class ReadStep implements StepView {
  readonly element: HTMLElement;
  readonly planes = new Planes(["axial", "coronal", "sagittal"]);
  private readonly graph3d = new Graph3d();
  private readonly profile = new Profile();
  private readonly slider = html("input", { type: "range", min: 0, step: 1, "aria-label": text.position });
  private readonly stationText = html("output", { class: "small" });
  private readonly verdict = html("div", { class: "verdict" });
  private readonly report = html("div", { class: "report" });
  private readonly viewer: HTMLElement;
  private readonly progress = html("progress", { max: 1, "aria-label": words.work("job") });
  private readonly pending: HTMLElement;
  private readonly tools: HTMLElement;
  private readonly back = button(text.back, () => {
    this.app.dispatch({ type: "went", step: "check" });
  });
  private readonly again = button(text.again, () => {
    this.app.dispatch({ type: "went", step: "send" });
  });
  private readonly side: HTMLElement;
  private stations: readonly Station[] = [];
  private shown: State["graph"] = null;
  private reported: readonly [JobDocument | null, State["graph"]] = [null, null];

  constructor(private readonly app: App) {
    this.viewer = html(
      "div",
      { class: "viewer read-viewer" },
      this.graph3d.element,
      html("div", { class: "plane-column" }, ...this.planes.views.map((view) => view.element)),
      html(
        "div",
        { class: "profile-box" },
        html("h2", { class: "small" }, text.profile),
        this.profile.element,
        html("div", { class: "row slider" }, this.slider, this.stationText),
      ),
    );
    this.pending = html(
      "div",
      { class: "pending" },
      html("h1", { tabindex: -1 }, text.measuring),
      html("p", { class: "lead" }, text.working),
      this.progress,
      html("p", { class: "muted small" }, text.workingMore),
    );
    this.tools = this.viewTools();
    this.side = this.panel();
    this.element = html(
      "section",
      { class: "step step-read viewer-step", "aria-labelledby": "read-title" },
      this.viewer,
      this.pending,
      this.side,
    );
    this.link();
  }

  show(state: State): void {
    const { job, graph } = state;
    if (!job) return;
    const measured = graph !== null && graph.branches.length > 0;
    show(this.viewer, measured);
    show(this.tools, measured);
    show(this.pending, !isFinished(job));
    show(this.side, isFinished(job));
    show(this.again, ["failed", "cancelled"].includes(job.state));
    setAttributes(this.element, { "data-alone": !(measured && isFinished(job)) });
    this.progress.value = job.progress;
    this.showReport(state, job);
    if (graph && measured && graph !== this.shown) void this.showGraph(state);
    this.shown = graph;
  }

  private panel(): HTMLElement {
    return html(
      "aside",
      { class: "panel", "aria-label": text.title },
      html(
        "div",
        { class: "panel-scroll", tabindex: 0, role: "group", "aria-label": text.title },
        html("h1", { id: "read-title", tabindex: -1 }, text.title),
        this.verdict,
        html("p", { class: "research" }, words.research),
        this.report,
        this.tools,
      ),
      html("div", { class: "panel-foot" }, this.back, this.again),
    );
  }

  private viewTools(): HTMLElement {
    const box = html("input", { type: "checkbox", id: "planes-in-3d", checked: true });
    box.addEventListener("change", () => {
      this.graph3d.planesShown = box.checked;
      this.graph3d.redraw();
    });
    return html(
      "div",
      { class: "tools" },
      windowPicker(this.planes),
      html("label", { class: "check", for: "planes-in-3d" }, box, text.planes),
      button(
        text.home,
        () => {
          this.graph3d.home();
        },
        { class: "quiet" },
      ),
    );
  }

  /** One place at a time: curve, slider, planes and 3-D view mark the same point. */
  private link(): void {
    this.slider.addEventListener("input", () => {
      this.goTo(this.slider.valueAsNumber);
    });
    this.profile.onPlace = (number) => {
      this.goTo(number);
    };
    this.graph3d.onPick = (point) => {
      this.lookAt(point);
    };
    this.planes.onCrosshair = (point) => {
      this.graph3d.setMark(point);
      const number = nearestStation(this.stations, point);
      if (number >= 0) this.mark(number);
    };
    const before = this.planes.onWindow;
    this.planes.onWindow = (window) => {
      before(window);
      this.graph3d.setWindow(window);
    };
  }

  private goTo(number: number): void {
    const station = this.stations[number];
    if (!station) return;
    this.planes.setCrosshair(station.pointMm, false);
    this.graph3d.setMark(station.pointMm);
    this.mark(number);
  }

  private lookAt(point: Point): void {
    this.planes.setCrosshair(point);
  }

  private mark(number: number): void {
    const station = this.stations[number]!;
    this.slider.value = String(number);
    const said = words.stationValue(station.arcMm, station.diameterMm, station.branch);
    this.stationText.textContent = said;
    this.slider.setAttribute("aria-valuetext", said);
    this.profile.setMark(number);
  }

  /** Follow the job to its end, then fetch what it found. Cancelling it here cancels it there. */
  async follow(): Promise<void> {
    const { job } = this.app.state;
    if (!job) return;
    const { transfer } = this.app;
    const onNews = (news: JobDocument): void => {
      this.app.dispatch({ type: "reported", job: news });
    };
    await this.app.run("job", async (signal, onProgress) => {
      signal.addEventListener("abort", () => void transfer.cancelJob(job.id).then(onNews, () => undefined));
      const ended = await transfer.follow(
        job,
        (news) => {
          onNews(news);
          onProgress(news.step, news.progress);
        },
        (waiting) => {
          this.app.dispatch({ type: "waited", kind: "job", waiting });
        },
        signal,
      );
      if (!ended.results.some(({ name }) => name === GRAPH_NAME)) return null;
      return { type: "read", graph: await transfer.graph(job.id, signal) };
    });
  }

  private async showGraph(state: State): Promise<void> {
    const graph = state.graph!;
    const sector = state.sector!;
    this.stations = aortaLine(graph);
    const values = await this.graph3d.show(graph, sector);
    if (this.app.state.graph !== graph) return;
    const first = this.stations[0]?.pointMm ?? graph.branches[0]!.points_mm[0]!;
    this.planes.show({ values, grid: sectorGrid(sector) }, null, first);
    this.planes.setWindow(ANGIO);
    this.slider.max = String(Math.max(this.stations.length - 1, 0));
    show(this.profile.element.parentElement!, this.stations.length > 0);
    this.profile.show(this.stations, graph.landmarks);
    this.goTo(Math.round(this.stations.length * FIRST_LOOK));
  }

  /** Words and numbers, once for each end of a job and once for its graph. */
  private showReport({ graph }: State, job: JobDocument): void {
    const ended = isFinished(job);
    show(this.verdict, ended);
    if (this.reported[0] === job && this.reported[1] === graph) return;
    this.reported = [job, graph];
    if (!ended) {
      fill(this.report);
      return;
    }
    const refused = job.state !== "done" || job.verdict === "refused";
    this.verdict.dataset.verdict = refused ? "refused" : (job.verdict ?? "");
    fill(
      this.verdict,
      html("p", { class: "verdict-title" }, words.graphVerdict(job.verdict, job.state)),
      html("p", { class: "small" }, words.graphVerdictMore(job.verdict, job.state)),
    );
    fill(this.report, ...this.parts(graph, job));
  }

  private parts(graph: State["graph"], job: JobDocument): (HTMLElement | null)[] {
    const numbers = graph && [
      landmarkTable(graph.landmarks, (point) => {
        this.lookAt(point);
      }),
      branchTable(graph.branches),
    ];
    return [
      warningList(graph?.warnings ?? job.warnings),
      ...(numbers ?? []),
      downloads(job.results, (name) => this.app.transfer.resultUrl(job.id, name)),
      button(text.remove, () => void this.remove(job.id), { class: "quiet danger" }),
    ];
  }

  private async remove(id: string): Promise<void> {
    try {
      await this.app.transfer.removeJob(id);
      this.app.dispatch({ type: "cleared" }, text.removed);
    } catch (error) {
      this.app.fail(error);
    }
  }
}
