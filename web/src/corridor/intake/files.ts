/** What was handed over: the files of a folder or a single file, counted and capped, none opened yet. */
import type { ByteSource } from "../bytes.ts";
import { limit } from "../contract.ts";
import { Problem } from "../problems.ts";

const LONGEST_NAME = 60;

/** A file as the drop zone, the picker or a test hands it over; path is relative to what was dropped. */
export interface Handed {
  readonly path: string;
  readonly file: Blob;
}

/** One file that was handed over, on disk or inside a zip. */
export interface Member extends ByteSource {
  /** Base name, cut and printable: the only name that a message may say. */
  readonly name: string;
  /** Size as the folder or the zip says. */
  readonly bytes: number;
  /** Whether it lies inside a zip, where every look costs an inflation. */
  readonly packed: boolean;
}

/** List what was handed over; problems too-many-files, too-large, nothing-to-read for no file at all. */
export function listFiles(handed: readonly Handed[]): Member[] {
  const name = nameOf(handed);
  if (handed.length > limit("files")) throw new Problem("too-many-files", { name, limit: limit("files") });
  const seen = handed.length === 1 ? handed : handed.filter((one) => !isHidden(one.path));
  const members = seen.map((one) => memberOf(printable(one.path), one.file));
  requireSizes(members, name);
  return members;
}

/** What to call everything together: the dropped folder, or the one file. */
export function nameOf(handed: readonly Handed[]): string {
  const first = handed[0]?.path.replaceAll("\\", "/").replace(/^\/+/, "") ?? "";
  if (handed.length === 1) return printable(first);
  return printable(first.split("/")[0] ?? "");
}

/** The base name of a path of any system, short and without control characters. */
export function printable(path: string): string {
  const base = path.replaceAll("\\", "/").replace(/\/+$/, "").split("/").pop() ?? "";
  const clean = Array.from(base.replace(/(?! )[\p{C}\p{Z}]/gu, "_"));
  return clean.length <= LONGEST_NAME ? clean.join("") : `${clean.slice(0, LONGEST_NAME - 3).join("")}...`;
}

/** Whether a relative path is one that systems write beside the user's files. */
export function isHidden(path: string): boolean {
  const parts = path.replaceAll("\\", "/").split("/");
  const dotted = (part: string): boolean => part.startsWith(".") && part !== "." && part !== "..";
  return parts.some(dotted) || parts.includes("__MACOSX");
}

function memberOf(name: string, file: Blob): Member {
  return { name, bytes: file.size, packed: false, read: (start, stop) => readSlice(name, file, start, stop) };
}

async function readSlice(name: string, file: Blob, start: number, stop: number) {
  try {
    return new Uint8Array(await file.slice(start, stop).arrayBuffer());
  } catch {
    throw new Problem("file-unreadable", { name });
  }
}

function requireSizes(members: readonly Member[], name: string): void {
  for (const member of members) {
    if (member.bytes > limit("file_bytes")) {
      throw new Problem("too-large", { name: member.name, limit: limit("file_bytes") });
    }
  }
  const total = members.reduce((sum, member) => sum + member.bytes, 0);
  if (total > limit("study_bytes")) throw new Problem("too-large", { name, limit: limit("study_bytes") });
}
