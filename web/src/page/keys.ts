/** Keys that hold everywhere on the page; a focused field, list or handle comes first. */
import type { App } from "./app.ts";
import type { CheckStep } from "./steps/check.ts";
import type { ReadStep } from "./steps/read.ts";
import { PRESETS, type PlaneView, type Planes } from "./view/planes.ts";

const FIELDS = "input, select, textarea, button, a, dialog";

export function bindKeys(app: App, check: CheckStep, read: ReadStep, help: HTMLDialogElement): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey) return;
    const target = event.target as Element;
    if (event.key === "Escape" && !help.open) app.cancel();
    else if (event.ctrlKey || event.metaKey) edit(app, event);
    else if (event.key === "?" && !target.matches("input")) help.showModal();
    else if (!target.matches(FIELDS)) view(app, check, read, event);
  });
}

/** Undo and redo, unless a text field has its own. */
function edit(app: App, event: KeyboardEvent): void {
  if (app.state.step !== "check" || (event.target as Element).matches("input[type=number]")) return;
  const key = event.key.toLowerCase();
  const redo = key === "y" || (key === "z" && event.shiftKey);
  if (!redo && key !== "z") return;
  event.preventDefault();
  app.dispatch({ type: redo ? "redone" : "undone" });
}

function view(app: App, check: CheckStep, read: ReadStep, event: KeyboardEvent): void {
  const { step } = app.state;
  if (step !== "check" && step !== "read") return;
  const { planes } = step === "check" ? check : read;
  const preset = PRESETS[Number(event.key) - 1];
  if (preset) planes.setWindow(preset);
  else if (event.key.toLowerCase() === "m" && step === "check") check.toggleMask();
  else if (!scroll(planes, event)) return;
  event.preventDefault();
}

function scroll(planes: Planes, event: KeyboardEvent): boolean {
  const focused = planes.views.find((one) => one.element.contains(document.activeElement));
  const plane: PlaneView = focused ?? planes.views[0]!;
  const by = event.shiftKey ? 10 : 1;
  const moves: Record<string, () => void> = {
    ArrowUp: () => {
      plane.step(by);
    },
    ArrowDown: () => {
      plane.step(-by);
    },
    PageUp: () => {
      plane.step(10);
    },
    PageDown: () => {
      plane.step(-10);
    },
    Home: () => {
      plane.jump("first");
    },
    End: () => {
      plane.jump("last");
    },
  };
  const move = moves[event.key];
  move?.();
  return move !== undefined;
}
