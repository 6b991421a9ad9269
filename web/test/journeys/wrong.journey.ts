/** Wrong input, refused in the words of the contract; and cancelling, which leaves nothing behind. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import problems from "../../../contract/problems.json" with { type: "json" };
import { handOver, launch, leave, seeBox, shoot, sitDown } from "./doctor.ts";
import { WHOLE, filesIn, missing, phantomSeries } from "./places.ts";
import { Server } from "./server.ts";

const why = missing();
const words = (code: keyof typeof problems, details: Record<string, string | number>): string =>
  problems[code].doctor.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name]));

/** A problem's sentence with any details in it. */
function anyOf(code: keyof typeof problems): RegExp {
  const plain = problems[code].doctor.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return new RegExp(plain.replace(/\{\w+\}/g, ".+"));
}

describe.skipIf(why !== null)(`wrong input${why === null ? "" : ` (skipped: ${why})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "heartbox-wrong-"));
  let browser: Browser | undefined;
  let server: Server | undefined;

  const file = (name: string, content: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  beforeAll(async () => {
    server = await Server.start();
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("says of a text file that it is no CT, and stays usable", async () => {
    const watched = await sitDown(browser!, server!.address);
    const { page, complaints } = watched;
    await handOver(page, [file("letter.txt", "Dear colleague")]);
    const alert = page.getByRole("alert");
    await alert.waitFor();
    const said = await alert.locator("strong").textContent();
    expect([
      words("not-an-image", { name: "letter.txt" }),
      words("nothing-to-read", { name: "letter.txt" }),
      words("nothing-to-read", { name: "this folder" }),
    ]).toContain(said);
    await shoot(page, "wrong-1-open");
    const { violations } = await new AxeBuilder({ page: page }).analyze();
    expect(violations).toEqual([]);
    await handOver(page, phantomSeries("whole", WHOLE));
    await seeBox(page);
    expect(await alert.count()).toBe(0);
    expect(complaints).toEqual([]);
    await leave(watched);
  });

  it("names the slices around a hole in the series", async () => {
    const watched = await sitDown(browser!, server!.address);
    const { page } = watched;
    const slices = filesIn(phantomSeries("whole", WHOLE)).sort();
    await handOver(
      page,
      slices.filter((_, n) => n !== 60),
    );
    await page.getByText(anyOf("slice-missing")).first().waitFor();
    await leave(watched);
  });

  it("cancels a reading by its button and by Escape, and reads again after it", async () => {
    const watched = await sitDown(browser!, server!.address);
    const { page } = watched;
    const series = phantomSeries("whole", WHOLE);
    await handOver(page, series);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Cancelled.").waitFor();
    await handOver(page, series);
    await page.getByRole("button", { name: "Cancel" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("Cancelled.").waitFor();
    await handOver(page, series);
    await seeBox(page);
    await leave(watched);
  });
});
