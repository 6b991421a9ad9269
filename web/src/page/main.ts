/** The page: header with its four steps, the step on show, one line of status. */
import { App } from "./app.ts";
import { bindKeys } from "./keys.ts";
import { Pool } from "./pool.ts";
import { words } from "./sentences.ts";
import { STEPS, reachable, type State, type Step } from "./state.ts";
import { CheckStep } from "./steps/check.ts";
import { OpenStep } from "./steps/open.ts";
import { ReadStep } from "./steps/read.ts";
import { SendStep } from "./steps/send.ts";
import type { StepView } from "./steps/step.ts";
import { Transfer } from "./transfer.ts";
import { button, fill, html, setAttributes, show } from "./view/element.ts";
import "./style.css";

const pool = new Pool();
const app = new App(pool, new Transfer(""));
const check = new CheckStep(app);
const read = new ReadStep(app);
const steps: Record<Step, StepView> = {
  open: new OpenStep(app),
  check,
  send: new SendStep(app, () => void read.follow()),
  read,
};

const help = helpDialog();
const navigation = stepNavigation();
const trouble = html("div", { class: "trouble", role: "alert" });
const status = html("p", { class: "status-text", role: "status" });
const bar = html("progress", { max: 1, class: "status-bar", "aria-label": words.work("open") });
const cancel = button(
  words.cancel,
  () => {
    app.cancel();
  },
  { class: "cancel" },
);

document.body.append(
  html(
    "header",
    { class: "top" },
    html("p", { class: "brand" }, html("strong", {}, words.name), html("span", {}, words.tagline)),
    navigation.element,
    html(
      "div",
      { class: "top-end" },
      button(
        words.keysTitle,
        () => {
          help.showModal();
        },
        { class: "quiet" },
      ),
      button(
        words.startOver,
        () => {
          startOver();
        },
        { class: "quiet" },
      ),
    ),
  ),
  html("main", {}, trouble, ...STEPS.map((step) => steps[step].element)),
  html("footer", { class: "status" }, status, bar, cancel, html("p", { class: "research" }, words.research)),
  help,
);

let onShow: Step | null = null;
app.watch((state) => {
  navigation.show(state);
  for (const step of STEPS) {
    show(steps[step].element, step === state.step);
    steps[step].show(state);
  }
  showTrouble(state);
  showStatus(state);
  if (onShow !== null && onShow !== state.step) focusTitle(steps[state.step].element);
  onShow = state.step;
});
bindKeys(app, check, read, help);
pool.warm();

/** Where a step begins for a screen reader: its title on show. */
function focusTitle(step: HTMLElement): void {
  const titles = [...step.querySelectorAll("h1")];
  titles.find((title) => title.offsetParent !== null)?.focus();
}

function startOver(): void {
  app.cancel();
  app.dispatch({ type: "cleared" });
}

function showTrouble(state: State): void {
  show(trouble, state.problem !== null);
  if (!state.problem || trouble.dataset.code === `${state.problem.code} ${state.problem.title}`) return;
  trouble.dataset.code = `${state.problem.code} ${state.problem.title}`;
  fill(
    trouble,
    html("p", {}, html("strong", {}, state.problem.title)),
    state.problem.detail === state.problem.title
      ? null
      : html(
          "details",
          {},
          html("summary", {}, words.details),
          html("p", { class: "small" }, state.problem.detail),
        ),
  );
}

function showStatus(state: State): void {
  const { work } = state;
  show(bar, work !== null);
  show(cancel, work !== null);
  if (!work) {
    status.textContent = app.said ?? (state.problem ? words.stopped : words.ready[state.step]);
    return;
  }
  setAttributes(bar, { "aria-label": words.work(work.kind), value: work.share > 0 ? work.share : null });
  status.textContent = work.waiting
    ? words.waiting(work.kind)
    : words.working(work.kind, work.step, work.share);
}

function stepNavigation(): { element: HTMLElement; show: (state: State) => void } {
  const buttons = STEPS.map((step, n) => {
    const one = button(
      "",
      () => {
        app.dispatch({ type: "went", step });
      },
      { class: "step-button" },
    );
    one.append(html("span", { class: "step-number", "aria-hidden": true }, String(n + 1)), words.steps[step]);
    return one;
  });
  const element = html(
    "nav",
    { "aria-label": words.stepsLabel },
    html("ol", { class: "steps" }, ...buttons.map((one) => html("li", {}, one))),
  );
  return {
    element,
    show: (state) => {
      const open = reachable(state);
      STEPS.forEach((step, n) => {
        setAttributes(buttons[n]!, { "aria-current": step === state.step ? "step" : null });
        buttons[n]!.disabled = !open.includes(step);
      });
    },
  };
}

function helpDialog(): HTMLDialogElement {
  const rows = words.keys.map(([key, does]) => html("div", {}, html("dt", {}, key), html("dd", {}, does)));
  const dialog = html(
    "dialog",
    { class: "help", "aria-labelledby": "help-title" },
    html("h2", { id: "help-title" }, words.keysTitle),
    html("dl", {}, ...rows),
  );
  dialog.append(
    button(
      words.close,
      () => {
        dialog.close();
      },
      { class: "primary" },
    ),
  );
  return dialog;
}
