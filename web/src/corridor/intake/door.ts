/** The door: whatever is handed over becomes a study of series, or one clear refusal. The twin of door.py. */
import { openNrrd } from "../nrrd.ts";
import { Problem } from "../problems.ts";
import { LazyVolume } from "../volume.ts";
import { cachedSlices } from "./cache.ts";
import { type Handed, listFiles, type Member, nameOf } from "./files.ts";
import { requireHounsfield } from "./hounsfield.ts";
import { isNifti, openNifti } from "./nifti.ts";
import {
  geometryNotices,
  isRefused,
  labelOf,
  namesOf,
  type RefusedSeries,
  requireExtent,
  type Series,
} from "./series.ts";
import { type Reading, readStudy } from "./study.ts";
import { isZip, listZip } from "./zips.ts";

const VOLUME_ENDING = /\.(nii|nii\.gz|nrrd)$/i;

type VolumeKind = "nifti" | "nrrd";
type Found = Series | RefusedSeries;

/**
 * Open DICOM files, a zip, a DICOM, NIfTI or NRRD file; headers are read, pixels are not.
 *
 * Problems nothing-to-read, zip-unsafe, too-many-files, too-large; for a single file file-empty,
 * not-an-image, nifti-unreadable, nrrd-unreadable, not-hounsfield. What is wrong with one series of
 * several is told in a RefusedSeries.
 */
export async function openStudy(handed: readonly Handed[], reading: Reading = {}): Promise<Found[]> {
  const members = listFiles(handed);
  const [member] = members;
  if (handed.length !== 1 || member === undefined) return openFolder(members, nameOf(handed), reading);
  if (isZip(await member.read(0, 8))) {
    return openZip(await listZip(member), member.name, reading);
  }
  const kind = await volumeKind(member);
  if (kind !== null) return [await openVolume(member, kind)];
  return readStudy(members, reading);
}

/** Open a zip of DICOM files; other formats are read from disk only. */
async function openZip(members: readonly Member[], name: string, reading: Reading): Promise<Found[]> {
  const study = await readStudy(members, reading);
  const packed = members.map((member) => member.name).filter((one) => VOLUME_ENDING.test(one));
  if (packed.length > 0 && study.every(isNoImage)) {
    throw new Problem("zip-of-volumes", { name, inside: namesOf(packed) });
  }
  return some(study, name);
}

/** Open files as DICOM; only when there is none among them, as NIfTI and NRRD files. */
async function openFolder(members: readonly Member[], name: string, reading: Reading): Promise<Found[]> {
  const study = await readStudy(members, reading);
  if (!study.every(isNoImage)) return study;
  const volumes: Found[] = [];
  const others: Member[] = [];
  for (const member of members) {
    reading.signal?.throwIfAborted();
    const kind = await volumeKind(member);
    if (kind === null) others.push(member);
    else volumes.push(await openedOrRefused(member, kind));
  }
  return volumes.length > 0 ? [...volumes, ...(await readStudy(others, reading))] : some(study, name);
}

async function openedOrRefused(member: Member, kind: VolumeKind): Promise<Found> {
  try {
    return await openVolume(member, kind);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { problem: error, names: [member.name], isCt: true };
  }
}

/** Refuse a study of nothing but files that are no images. */
function some(study: Found[], name: string): Found[] {
  if (!study.every(isNoImage)) return study;
  const count = study.filter(isRefused).reduce((sum, one) => sum + one.names.length, 0);
  throw new Problem("nothing-to-read", { name, count });
}

const isNoImage = (one: Found): boolean =>
  isRefused(one) && ["not-an-image", "file-empty"].includes(one.problem.code);

async function volumeKind(member: Member): Promise<VolumeKind | null> {
  const first = await member.read(0, 4);
  if (String.fromCharCode(...first) === "NRRD") return "nrrd";
  return (await isNifti(member)) ? "nifti" : null;
}

/** Open one file that holds a whole scan. */
async function openVolume(member: Member, kind: VolumeKind): Promise<Series> {
  const volume = kind === "nifti" ? await openNifti(member) : await openKeptNrrd(member);
  requireExtent(volume.grid);
  await requireHounsfield(volume, member.name);
  return {
    volume,
    kind,
    modality: "CT",
    bytes: member.bytes,
    notices: geometryNotices(volume.grid),
    label: labelOf(volume.grid),
    names: [member.name],
    original: true,
  };
}

async function openKeptNrrd(member: Member): Promise<LazyVolume> {
  const volume = await openNrrd(member);
  return new LazyVolume(volume.grid, cachedSlices(volume.readSlice));
}
