/** What every step shares: the state, one way to change it, and one piece of work at a time with its cancel. */
import type { Pool } from "./pool.ts";
import type { Transfer } from "./transfer.ts";
import { words } from "./sentences.ts";
import { START, next, type Event, type State, type Trouble, type WorkKind } from "./state.ts";

export type OnProgress = (step: string, share: number) => void;

/** One piece of work: it ends with the event that it leads to, or with null. */
export type Task = (signal: AbortSignal, onProgress: OnProgress) => Promise<Event | null>;

/** An error that carries its sentence. */
export class TroubleError extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble.title);
    this.name = "TroubleError";
  }
}

export class App {
  state: State = START;
  /** A line for the status, until the next thing happens. */
  said: string | null = null;
  private readonly watchers: ((state: State) => void)[] = [];
  private running: AbortController | null = null;

  constructor(
    readonly pool: Pool,
    readonly transfer: Transfer,
  ) {}

  watch(watcher: (state: State) => void): void {
    this.watchers.push(watcher);
    watcher(this.state);
  }

  dispatch(event: Event, said: string | null = null): void {
    this.state = next(this.state, event);
    this.said = said;
    for (const watcher of this.watchers) watcher(this.state);
  }

  /** Do one thing; what was under way before is cancelled. Resolves when it has ended in any way. */
  async run(kind: WorkKind, task: Task): Promise<void> {
    this.running?.abort();
    const controller = new AbortController();
    const { signal } = controller;
    this.running = controller;
    this.dispatch({ type: "started", kind });
    const progress: OnProgress = (step, share) => {
      if (!signal.aborted) this.dispatch({ type: "progressed", kind, step, share });
    };
    try {
      const event = await task(signal, progress);
      if (signal.aborted) return;
      this.running = null;
      this.dispatch(event ?? { type: "stopped" });
    } catch (error) {
      if (signal.aborted) return;
      this.running = null;
      this.dispatch({ type: "failed", problem: troubleOf(error) });
    }
  }

  /** Say what went wrong outside of a piece of work. */
  fail(error: unknown): void {
    this.dispatch({ type: "failed", problem: troubleOf(error) });
  }

  /** Cancel what is under way; the work answers to its signal, the page at once. */
  cancel(): void {
    if (!this.running) return;
    this.running.abort();
    this.running = null;
    this.dispatch({ type: "stopped" }, words.cancelled);
  }
}

/** The sentence of whatever was thrown: a problem of the contract, a trouble, or a fault of the page. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof TroubleError) return error.trouble;
  if (isTrouble(error)) return { code: error.code, title: error.title, detail: error.detail };
  return words.trouble.worker;
}

function isTrouble(error: unknown): error is Trouble {
  if (typeof error !== "object" || error === null) return false;
  return (["code", "title", "detail"] as const).every(
    (name) => name in error && typeof (error as Record<string, unknown>)[name] === "string",
  );
}
