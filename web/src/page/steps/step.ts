/** What a step is to the page: an element, and a way to show a state. */
import type { State } from "../state.ts";

export interface StepView {
  readonly element: HTMLElement;
  show(state: State): void;
}
