/** `heartbox locate --json` by the page's corridor: one document or problem for each path. */
import { locateHeart, type LocateDocument, Problem } from "../../src/corridor/index.ts";
import type { ProblemDocument } from "../../src/corridor/problems.ts";
import { handedFrom } from "./handed.ts";

/** Locate the heart in a scan on disk; a refusal is an answer too. */
export async function locate(path: string): Promise<LocateDocument | ProblemDocument> {
  try {
    return (await locateHeart(await handedFrom(path))).document;
  } catch (error) {
    if (error instanceof Problem) return error.asJson();
    throw error;
  }
}
