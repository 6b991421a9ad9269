/** The doctor's way in a real browser against the real server, from drop to graph. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  WIDE,
  cutSector,
  drop,
  handOver,
  launch,
  leave,
  readGraph,
  seeBox,
  sendSector,
  shoot,
  sitDown,
} from "./doctor.ts";
import { WHOLE, exampleFolder, missing, phantomSeries, realSeries } from "./places.ts";
import { Server } from "./server.ts";

const why = missing();
const real = realSeries();
const SOURCE = "a synthetic chest, made by this program";

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page: page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

const scans = [
  {
    name: "phantom",
    series: () => phantomSeries("whole", WHOLE),
    skip: false,
  },
  { name: "real series", series: () => real!, skip: real === null },
];

describe.skipIf(why !== null)(`journeys${why === null ? "" : ` (skipped: ${why})`}`, () => {
  let browser: Browser | undefined;
  let server: Server | undefined;

  beforeAll(async () => {
    server = await Server.start(exampleFolder(SOURCE));
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  describe.each(scans)("the $name", ({ name, series, skip }) => {
    it.skipIf(skip)("goes from a drop to the graph", async () => {
      const watched = await sitDown(browser!, server!.address);
      const { page, complaints } = watched;
      const shot = (step: string): Promise<void> => shoot(page, `${name.replace(" ", "-")}-${step}`);
      await shot("1-open");
      await drop(page, [series()]);
      await seeBox(page);
      await expect
        .poll(() => page.locator(".verdict-title").first().textContent())
        .toMatch(/^The heart was found/);
      await shot("2-check");
      await cutSector(page);
      await shot("3-send");
      await sendSector(page);
      expect(await readGraph(page)).toMatch(/^The aorta was measured/);
      await shot("4-read");
      expect(complaints).toEqual([]);
      await leave(watched);
    });
  });

  it("has nothing that axe-core finds on any of its four steps", async () => {
    const watched = await sitDown(browser!, server!.address);
    const { page } = watched;
    await expectAccessible(page);
    await handOver(page, scans[0]!.series());
    await seeBox(page);
    await expectAccessible(page);
    await cutSector(page);
    await expectAccessible(page);
    await sendSector(page);
    await readGraph(page);
    await expectAccessible(page);
    await leave(watched);
  });

  it("opens the example with one click and names its source", async () => {
    const watched = await sitDown(browser!, server!.address);
    const { page } = watched;
    await page.getByRole("button", { name: "Open the example" }).click();
    await seeBox(page);
    await page.getByRole("button", { name: /Open$/ }).click();
    await page.getByText(`Source of the example: ${SOURCE}`).waitFor();
    await leave(watched);
  });

  it("marks the place that is hovered on the curve on the planes too", async () => {
    const watched = await sitDown(browser!, server!.address);
    const { page } = watched;
    await handOver(page, scans[0]!.series());
    await seeBox(page);
    await cutSector(page);
    await sendSector(page);
    await readGraph(page);
    const place = page.locator(".step-read .plane-axial .place");
    const slider = page.getByRole("slider", { name: "Position along the aorta" });
    const before = await place.textContent();
    await slider.focus();
    for (let n = 0; n < 30; n++) await page.keyboard.press("ArrowRight");
    await expect.poll(() => place.textContent()).not.toBe(before);
    const [there, said] = [await place.textContent(), await slider.getAttribute("aria-valuetext")];
    expect(said).toMatch(/along, diameter \d/);
    const plot = (await page.locator(".step-read .profile").boundingBox())!;
    for (const share of [0.6, 0.7]) {
      await page.mouse.move(plot.x + plot.width * share, plot.y + plot.height * 0.5);
      await page.mouse.move(plot.x + plot.width * share + 2, plot.y + plot.height * 0.5, { steps: 4 });
    }
    await expect.poll(() => place.textContent()).not.toBe(there);
    await leave(watched);
  });

  it("lets the keyboard alone move a face, says where it is, and takes it back", async () => {
    const watched = await sitDown(browser!, server!.address);
    const { page } = watched;
    await handOver(page, scans[0]!.series());
    await seeBox(page);
    const handle = page.getByRole("slider", { name: "Left face of the heart's box, axial plane" });
    const before = Number(await handle.getAttribute("aria-valuenow"));
    await handle.focus();
    await page.keyboard.press("Shift+ArrowRight");
    await expect.poll(() => handle.getAttribute("aria-valuenow")).toBe((before + 10).toFixed(1));
    expect(await handle.getAttribute("aria-valuetext")).toBe(`${(before + 10).toFixed(1)} mm`);
    expect(await page.getByLabel("Left face, mm").inputValue()).toBe((before + 10).toFixed(1));
    await page.getByText("This box was set by hand.").waitFor();
    await page.keyboard.press("Control+z");
    await expect.poll(() => handle.getAttribute("aria-valuenow")).toBe(before.toFixed(1));
    await leave(watched);
  });

  it("moves a face with the mouse as far as the mouse went, in millimetres", async () => {
    const watched = await sitDown(browser!, server!.address);
    const { page } = watched;
    await handOver(page, scans[0]!.series());
    await seeBox(page);
    const input = page.getByLabel("Right face, mm");
    const left = page.locator(".plane-axial .handle[data-face=left] .knob");
    const right = page.locator(".plane-axial .handle[data-face=right] .knob");
    const before = Number(await input.inputValue());
    const width = Number(await page.getByLabel("Left face, mm").inputValue()) - before;
    const [a, b] = [(await right.boundingBox())!, (await left.boundingBox())!];
    const mmPerPixel = width / (b.x - a.x);
    await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2);
    await page.mouse.down();
    await page.mouse.move(a.x + a.width / 2 + 40, a.y + a.height / 2, { steps: 8 });
    await page.mouse.up();
    expect(Math.abs(Number(await input.inputValue()) - before - 40 * mmPerPixel)).toBeLessThan(1.5);
    await leave(watched);
  });

  it("offers a drawn box where there is no heart, and sends it as drawn", async () => {
    const watched = await sitDown(browser!, server!.address);
    const { page } = watched;
    await page.setViewportSize(WIDE);
    const options = ["--slices", "100", "--rows", "192", "--crop", "no_heart"];
    await handOver(page, phantomSeries("no-heart", options));
    await page.getByText("No heart was found in this series.").waitFor();
    await shoot(page, "no-heart-2-check");
    await expectAccessible(page);
    await page.getByRole("button", { name: "Draw a box yourself" }).click();
    await page.locator(".plane-axial .heart-box").waitFor();
    await cutSector(page);
    await page
      .getByRole("row", { name: /How the box came about/ })
      .getByText("drawn")
      .waitFor();
    await leave(watched);
  });

  it("says why there is no aorta to read without contrast, and offers the ways on", async () => {
    const watched = await sitDown(browser!, server!.address);
    const { page } = watched;
    const options = ["--slices", "100", "--rows", "192", "--contrast", "none"];
    await handOver(page, phantomSeries("no-contrast", options));
    await seeBox(page);
    await cutSector(page);
    await sendSector(page);
    expect(await readGraph(page)).toBe("The aorta was not measured in this sector.");
    await page.locator(".warnings li").first().waitFor();
    await shoot(page, "no-contrast-4-read");
    await expectAccessible(page);
    await page.getByRole("button", { name: "Correct the box" }).click();
    await seeBox(page);
    await leave(watched);
  });

  it("names the edge where a heart is cut, and goes on", async () => {
    const watched = await sitDown(browser!, server!.address);
    const { page } = watched;
    const options = ["--slices", "100", "--rows", "192", "--crop", "heart_cut_inferior"];
    await handOver(page, phantomSeries("cut", options));
    await page.getByText(/reaches the edge of the scan \(lower\)/).waitFor();
    await shoot(page, "cut-2-check");
    await cutSector(page);
    await leave(watched);
  });
});
