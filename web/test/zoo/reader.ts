/** One file at a time through the doors of the intake, in the shape that the zoo's table asks for. */
import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import { chooseSeries } from "../../src/corridor/intake/choose.ts";
import type { Stored } from "../../src/corridor/intake/decoders/decode.ts";
import { openStudy } from "../../src/corridor/intake/door.ts";
import { type Handed, listFiles, type Member } from "../../src/corridor/intake/files.ts";
import { type Header, judgeHeader, readDicomHead } from "../../src/corridor/intake/headers.ts";
import { Frames } from "../../src/corridor/intake/pixels.ts";
import { isZip, listZip } from "../../src/corridor/intake/zips.ts";
import { Problem } from "../../src/corridor/problems.ts";
import { handedFrom } from "../agree/handed.ts";

/** All frames of one file: stored values, HU of the first frame as the header scales them. */
export interface Image {
  readonly rows: number;
  readonly columns: number;
  readonly frames: readonly Stored[];
  readonly isFloat: boolean;
  readonly hu: Int16Array;
  /** Stored values that the header calls padding. */
  readonly padding: readonly [number, number] | null;
}

/** Read one file; refuse by rejecting. */
export async function readImage(path: string): Promise<Image> {
  const handed = await handedOne(path);
  const [member] = listFiles([handed]);
  const first = String.fromCharCode(...(await member!.read(0, 4)));
  if (first.startsWith("PK") || first === "NRRD" || /\.nii(\.gz)?$/.test(path)) return readSeries(handed);
  const header = await headerOf(member!);
  const frames = new Frames(header);
  const values: Stored[] = [];
  for (const index of header.planes.keys()) values.push(await frames.stored(index));
  const { rows, columns, isFloat, padding } = header;
  return { rows, columns, frames: values, isFloat, hu: await frames.hu(0), padding };
}

/** The number of CT images, scout views included, in a zip or on a medium; refuse by rejecting. */
export async function countImages(path: string, beside: () => Promise<Handed[]>): Promise<number> {
  const [member] = listFiles([await handedOne(path)]);
  const members = isZip(await member!.read(0, 4)) ? await listZip(member!) : listFiles(await beside());
  let count = 0;
  for (const one of members) count += (await isImage(one)) ? 1 : 0;
  if (count === 0) throw new Problem("no-ct-series", { reason: "no CT images" });
  return count;
}

async function isImage(member: Member): Promise<boolean> {
  try {
    await new Frames(await headerOf(member)).stored(0);
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (!["not-an-image", "no-ct-series", "file-empty"].includes(error.code)) throw error;
    return error.message.includes("localizer");
  }
}

async function readSeries(handed: Handed): Promise<Image> {
  const { volume } = chooseSeries(await openStudy([handed])).chosen;
  const [nz, rows, columns] = volume.grid.shape;
  const frames: Int16Array[] = [];
  for (let k = 0; k < nz; k++) frames.push(await volume.readSlice(k));
  return { rows, columns, frames, isFloat: false, hu: frames[0]!, padding: null };
}

const headerOf = async (member: Member): Promise<Header> => judgeHeader(member, await readDicomHead(member));

const handedOne = async (path: string): Promise<Handed> => ({
  path: basename(path),
  file: await openAsBlob(path),
});

export { handedFrom };
