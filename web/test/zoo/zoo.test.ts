import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Problem } from "../../src/corridor/problems.ts";
import { countImages, handedFrom, readImage } from "./reader.ts";
import { besides, type Row, wrong, ZOO, zooRows } from "./table.ts";

/** The table calls these two CT images; their Image Type says LOCALIZER, so an intake sets them aside. */
const SCOUTS = ["media/98892001/CT2N/6293", "media/98892001/CT2N/6924"];
/** No decoder of the page reads JPEG of 12 bits right: refused by name. */
const JPEG_12_BIT = "1.2.840.10008.1.2.4.51";

const rows = zooRows();
const counts = new Map<string, Map<string, number>>();

/** What came of a row: right, wrong (and how), or refused by a problem of the contract. */
async function outcomeOf(row: Row): Promise<string> {
  const path = join(ZOO, row.file!);
  try {
    if (row.accept!.startsWith("members")) {
      const count = await countImages(path, () => handedFrom(besides(row.file!)));
      return count === Number(row.frames) ? "right" : `wrong: ${String(count)} images`;
    }
    const reason = wrong(await readImage(path), row);
    return reason === "" ? "right" : `wrong: ${reason}`;
  } catch (error) {
    return error instanceof Problem ? `refused: ${error.code}` : `crash: ${String(error)}`;
  }
}

function passes(outcome: string, row: Row): boolean {
  const refused = outcome.startsWith("refused");
  switch (row.accept) {
    case "values":
      if (row.transfer_syntax === JPEG_12_BIT) return outcome === "refused: syntax-unsupported";
      return outcome === "right";
    case "members":
      return outcome === "right";
    case "error":
      return refused;
    case "no-crash":
      return !outcome.startsWith("crash");
    default:
      return refused || outcome === "right";
  }
}

describe.skipIf(rows.length === 0)("the zoo (skipped where it is not beside the checkout)", () => {
  test.each(["ok", "refuse", "damaged", "bomb"])(
    "every file of class %s is read right or refused",
    async (kind) => {
      const failed: string[] = [];
      for (const row of rows.filter((one) => one.class === kind && !SCOUTS.includes(one.file!))) {
        const outcome = await outcomeOf(row);
        const tally = counts.get(row.accept!) ?? new Map<string, number>();
        const word = outcome.split(":")[0]!;
        counts.set(row.accept!, tally.set(word, (tally.get(word) ?? 0) + 1));
        if (!passes(outcome, row)) failed.push(`${row.file!} (${row.accept!}): ${outcome}`);
      }
      expect(failed).toEqual([]);
    },
  );

  test("no file is read wrong in silence", () => {
    for (const accept of ["values", "values-or-error", "members", "members-or-error"]) {
      expect(counts.get(accept)?.get("wrong") ?? 0, accept).toBe(0);
    }
  });

  test("scout views on a medium are refused as what they are", async () => {
    for (const file of SCOUTS) {
      await expect(readImage(join(ZOO, file))).rejects.toThrow("localizer");
    }
  });
});
