/** What was measured as lists and tables. */
import type { Point } from "../../corridor/geometry.ts";
import type { Notice } from "../../corridor/problems.ts";
import type { Branch, Landmark, ResultFile } from "../results.ts";
import { words } from "../sentences.ts";
import { button, html } from "../view/element.ts";

const text = words.read;

/** Warnings in words; null when there is none. */
export function warningList(warnings: readonly Notice[]): HTMLElement | null {
  if (warnings.length === 0) return null;
  const items = warnings.map((warning) => html("li", {}, warning.text));
  return html("section", { class: "warnings" }, html("h2", {}, text.warnings), html("ul", {}, ...items));
}

/** Landmarks with width, uncertainty and the definition used; a name leads the views there. */
export function landmarkTable(
  landmarks: readonly Landmark[],
  onPick: (point: Point) => void,
): HTMLElement | null {
  if (landmarks.length === 0) return null;
  const rows = landmarks.flatMap((landmark) => {
    const width = landmark.diameter_mm;
    const name = words.landmark(landmark.name);
    return [
      html(
        "tr",
        {},
        html(
          "th",
          { scope: "row" },
          button(
            name,
            () => {
              onPick(landmark.point_mm);
            },
            { class: "link" },
          ),
        ),
        html("td", {}, width ? width.equivalent.toFixed(1) : "–"),
        html("td", {}, width ? `${width.min.toFixed(1)}–${width.max.toFixed(1)}` : "–"),
        html("td", {}, landmark.uncertainty_mm.toFixed(1)),
      ),
      html("tr", { class: "definition" }, html("td", { colspan: 4 }, landmark.definition)),
    ];
  });
  return section(text.landmarks, [text.landmark, text.diameter, text.range, text.uncertain], rows);
}

/** Branches with their length and largest width. */
export function branchTable(branches: readonly Branch[]): HTMLElement | null {
  if (branches.length === 0) return null;
  const rows = branches.map((branch) =>
    html(
      "tr",
      {},
      html("th", { scope: "row" }, words.branch(branch.name)),
      html("td", {}, branch.length_mm.toFixed(0)),
      html("td", {}, Math.max(...branch.diameter_mm).toFixed(1)),
    ),
  );
  return section(text.lengths, [text.branch, text.length, text.largest], rows);
}

/** A link for each result, with its size. */
export function downloads(
  results: readonly ResultFile[],
  urlOf: (name: string) => string,
): HTMLElement | null {
  if (results.length === 0) return null;
  const items = results.map(({ name, bytes }) =>
    html(
      "li",
      {},
      html("a", { href: urlOf(name), download: name }, name),
      html("span", { class: "muted" }, words.bytes(bytes)),
    ),
  );
  return html("section", {}, html("h2", {}, text.downloads), html("ul", { class: "downloads" }, ...items));
}

function section(title: string, heads: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  const head = html("tr", {}, ...heads.map((one) => html("th", { scope: "col" }, one)));
  return html(
    "section",
    {},
    html("h2", {}, title),
    html("table", { class: "numbers-table" }, html("thead", {}, head), html("tbody", {}, ...rows)),
  );
}
