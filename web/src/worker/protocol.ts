/**
 * What page and worker say to each other: one message = one call of the corridor.
 *
 * The page makes a `CorridorClient` around its worker. Every call takes an AbortSignal and a
 * progress callback; what the corridor refuses arrives as `Refused` with the problem's document.
 */
import type { LocateDocument, SectorFields } from "../corridor/documents.ts";
import type { Affine, Faces, Zyx } from "../corridor/geometry.ts";
import type { Notice, ProblemDocument } from "../corridor/problems.ts";

/** One scan of what was handed over, usable or refused. */
export interface SeriesEntry {
  readonly id: number;
  /** A few words for people, without identifiers. */
  readonly label: string;
  /** Null when the series was refused. */
  readonly summary: LocateDocument["series"] | null;
  readonly notices: readonly Notice[];
  readonly refusal: ProblemDocument | null;
}

export interface Opened {
  readonly series: readonly SeriesEntry[];
  /** The id of the series that was chosen, or null: then `problem` says why. */
  readonly chosen: number | null;
  /** Why it was chosen, in words. */
  readonly reason: string;
  readonly problem: ProblemDocument | null;
}

/** A whole scan reduced to at most 160 voxels a side, HU [z, y, x]. */
export interface Preview {
  readonly hu: Int16Array<ArrayBuffer>;
  readonly shape: Zyx;
  readonly affine: Affine;
}

/** What the net took for heart, 0..255 of certainty, [z, y, x]. */
export interface Mask {
  readonly values: Uint8Array<ArrayBuffer>;
  readonly shape: Zyx;
  readonly affine: Affine;
}

export interface Located {
  readonly document: LocateDocument;
  /** Null when no heart was found. */
  readonly mask: Mask | null;
}

/** `drawn` when a person changed the box; else the box is the one that the net found. */
export type SectorVerdict = SectorFields["verdict"];

export interface CutSector {
  /** gzip NRRD, as it travels. */
  readonly nrrd: Uint8Array<ArrayBuffer>;
  readonly fields: SectorFields;
  /** Bytes of the whole scan as handed over. */
  readonly scanBytes: number;
}

/** Every call: its input and its answer. */
export interface Calls {
  open: { input: { files: readonly { path: string; file: Blob }[] }; answer: Opened };
  preview: { input: { id: number }; answer: Preview };
  locate: { input: { id: number }; answer: Located };
  sector: { input: { id: number; box: Faces; margin: Faces; verdict: SectorVerdict }; answer: CutSector };
}
export type CallName = keyof Calls;

/** Page to worker; `call` numbers the calls. */
export type Request =
  | { [Name in CallName]: { call: number; name: Name; input: Calls[Name]["input"] } }[CallName]
  | { call: number; name: "abort" };

/** Worker to page. */
export type Reply =
  | { call: number; kind: "progress"; step: string; share: number }
  | { call: number; kind: "answer"; answer: Calls[CallName]["answer"] }
  | { call: number; kind: "problem"; problem: ProblemDocument }
  | { call: number; kind: "aborted" };

export type OnProgress = (step: string, share: number) => void;

/** What the corridor refused, on the page's side. */
export class Refused extends Error {
  constructor(readonly problem: ProblemDocument) {
    super(problem.title);
    this.name = "Refused";
  }
}

/** The part of a Worker that the client needs. */
export interface Port {
  postMessage(message: Request): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

interface Waiting {
  readonly resolve: (answer: Calls[CallName]["answer"]) => void;
  readonly reject: (reason: unknown) => void;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal | undefined;
}

/** The corridor as the page sees it: calls that answer with promises. */
export class CorridorClient {
  private last = 0;
  private readonly waiting = new Map<number, Waiting>();

  constructor(private readonly port: Port) {
    port.addEventListener("message", (event) => {
      this.hear(event.data as Reply);
    });
  }

  /** Hand over files; series that are refused, and the reason for the choice, are part of the answer. */
  open(
    files: Calls["open"]["input"]["files"],
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<Opened> {
    return this.ask("open", { files }, signal, onProgress);
  }

  /** The whole scan, reduced for a view. */
  preview(id: number, signal?: AbortSignal, onProgress?: OnProgress): Promise<Preview> {
    return this.ask("preview", { id }, signal, onProgress);
  }

  /** Find the heart. */
  locate(id: number, signal?: AbortSignal, onProgress?: OnProgress): Promise<Located> {
    return this.ask("locate", { id }, signal, onProgress);
  }

  /** Cut the sector around a heart box. */
  sector(
    id: number,
    cut: { box: Faces; margin: Faces; verdict: SectorVerdict },
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<CutSector> {
    return this.ask("sector", { id, ...cut }, signal, onProgress);
  }

  /** Reject every open call, e.g. when the worker died. */
  fail(reason: unknown): void {
    for (const waiting of this.waiting.values()) waiting.reject(reason);
    this.waiting.clear();
  }

  private ask<Name extends CallName>(
    name: Name,
    input: Calls[Name]["input"],
    signal: AbortSignal | undefined,
    onProgress: OnProgress = () => undefined,
  ): Promise<Calls[Name]["answer"]> {
    const call = ++this.last;
    return new Promise<Calls[CallName]["answer"]>((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      this.waiting.set(call, { resolve, reject, onProgress, signal });
      signal?.addEventListener("abort", () => {
        this.abort(call);
      });
      this.port.postMessage({ call, name, input } as Request);
    });
  }

  private abort(call: number): void {
    const waiting = this.waiting.get(call);
    if (waiting === undefined) return;
    this.waiting.delete(call);
    this.port.postMessage({ call, name: "abort" });
    waiting.reject(waiting.signal?.reason);
  }

  private hear(reply: Reply): void {
    const waiting = this.waiting.get(reply.call);
    if (waiting === undefined) return;
    if (reply.kind === "progress") {
      waiting.onProgress(reply.step, reply.share);
      return;
    }
    this.waiting.delete(reply.call);
    if (reply.kind === "answer") waiting.resolve(reply.answer);
    else if (reply.kind === "problem") waiting.reject(new Refused(reply.problem));
    else waiting.reject(new DOMException("the call was aborted", "AbortError"));
  }
}
