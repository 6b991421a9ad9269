/** Where things lie on this computer: the checkout, a browser, scans. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

export const WEB = resolve(import.meta.dirname, "../..");
export const ROOT = resolve(WEB, "..");
export const BUILD = join(WEB, "build");
export const PYTHON = join(ROOT, ".venv", process.platform === "win32" ? "Scripts/python.exe" : "bin/python");

const BROWSERS = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/** A Chromium or Chrome that is there, or null. */
export function findBrowser(): string | null {
  const named = process.env.HEARTBOX_BROWSER;
  if (named) return named;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const candidates = BROWSERS.flatMap((name) => folders.map((folder) => join(folder, name)));
  candidates.push("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
  return candidates.find(existsSync) ?? null;
}

/** Why journeys cannot run here, in words; null when they can. */
export function missing(): string | null {
  if (findBrowser() === null) return "no Chromium or Chrome was found";
  if (!existsSync(join(WEB, "dist", "index.html"))) return "the page is not built: run 'npm run build' first";
  if (!existsSync(PYTHON)) return "there is no virtual environment: run 'make setup' first";
  return null;
}

/** The folder of the real series, or null where it is not at hand. */
export function realSeries(): string | null {
  const candidates = [process.env.HEARTBOX_EXAMPLE, join(ROOT, "build", "example", "lidc-idri-0001")];
  return candidates.find((one): one is string => one !== undefined && existsSync(one)) ?? null;
}

/** A whole chest, small enough for a test. */
export const WHOLE = ["--slices", "120", "--rows", "256"];

/** The phantom's series: made once, then kept in the build folder. */
export function phantomSeries(name: string, options: readonly string[]): string {
  const folder = join(BUILD, "phantoms", name);
  if (!existsSync(join(folder, "truth.json"))) {
    mkdirSync(join(BUILD, "phantoms"), { recursive: true });
    const made = spawnSync(
      PYTHON,
      ["-m", "heartbox.cli.main", "phantom", folder, "--overwrite", ...options],
      {
        encoding: "utf-8",
      },
    );
    if (made.status !== 0) throw new Error(`the phantom was not made: ${made.stderr}`);
  }
  return join(folder, "series");
}

/** A folder that a server offers as its example: the phantom, and whom to thank. */
export function exampleFolder(attribution: string): string {
  const folder = join(BUILD, "phantoms", "example");
  cpSync(phantomSeries("whole", WHOLE), folder, { recursive: true });
  writeFileSync(join(folder, ".example.json"), JSON.stringify({ name: "Phantom", attribution }));
  return folder;
}

/** The files in a folder, without those in folders inside. */
export const filesIn = (folder: string): string[] =>
  readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
