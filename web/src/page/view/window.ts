/** The choice of the grey window, in step with mouse and keys. */
import { words } from "../sentences.ts";
import { html } from "./element.ts";
import { PRESETS, type Planes } from "./planes.ts";

/** A labelled list of presets; a window set by mouse shows as its own entry. */
export function windowPicker(planes: Planes): HTMLElement {
  const own = html("option", { value: "own", hidden: true });
  const select = html(
    "select",
    {},
    ...PRESETS.map(({ name, width, centre }, n) =>
      html("option", { value: n }, words.preset(name, width, centre)),
    ),
    own,
  );
  select.addEventListener("change", () => {
    const preset = PRESETS[Number(select.value)];
    if (preset) planes.setWindow(preset);
  });
  const before = planes.onWindow;
  planes.onWindow = (window) => {
    before(window);
    const at = PRESETS.findIndex(({ width, centre }) => width === window.width && centre === window.centre);
    own.hidden = at >= 0;
    own.textContent = words.ownWindow(window.width, window.centre);
    select.value = at >= 0 ? String(at) : "own";
  };
  return html("label", { class: "field" }, words.check.window, select);
}
