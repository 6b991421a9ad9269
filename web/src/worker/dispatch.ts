/** From messages to calls and back: progress on the way, abort at any time, every error as a problem. */
import { Problem, type ProblemDocument } from "../corridor/problems.ts";
import { Corridor, type Manner } from "./calls.ts";
import type { CallName, Calls, Reply, Request } from "./protocol.ts";

/** Post a reply; buffers in the list go over to the page instead of being copied. */
export type Post = (reply: Reply, transfer: ArrayBuffer[]) => void;

/** Answer requests one after the other; an abort is heard at once. */
export function dispatcher(post: Post, corridor = new Corridor()): (request: Request) => void {
  const running = new Map<number, AbortController>();
  let last: Promise<void> = Promise.resolve();
  return (request) => {
    if (request.name === "abort") {
      running.get(request.call)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(request.call, controller);
    last = last.then(async () => {
      const reply = await answer(corridor, request, {
        signal: controller.signal,
        onProgress: (step, share) => {
          post({ call: request.call, kind: "progress", step, share }, []);
        },
      });
      running.delete(request.call);
      post(reply, buffersOf(reply));
    });
  };
}

type CallRequest = Exclude<Request, { name: "abort" }>;

async function answer(corridor: Corridor, request: CallRequest, manner: Manner): Promise<Reply> {
  const { call } = request;
  try {
    manner.signal.throwIfAborted();
    return { call, kind: "answer", answer: await run(corridor, request, manner) };
  } catch (error) {
    if (manner.signal.aborted) return { call, kind: "aborted" };
    return { call, kind: "problem", problem: problemOf(error, request.name) };
  }
}

function run(corridor: Corridor, request: CallRequest, manner: Manner): Promise<Calls[CallName]["answer"]> {
  switch (request.name) {
    case "open":
      return corridor.open(request.input, manner);
    case "preview":
      return corridor.preview(request.input, manner);
    case "locate":
      return corridor.locate(request.input, manner);
    case "sector":
      return corridor.sector(request.input, manner);
  }
}

function problemOf(error: unknown, where: CallName): ProblemDocument {
  if (error instanceof Problem) return error.asJson();
  const kind = error instanceof Error ? error.name : "fault";
  return new Problem("program-fault", { kind, where: `the page's worker, ${where}` }).asJson();
}

/** The large parts of an answer, which need no copy. */
function buffersOf(reply: Reply): ArrayBuffer[] {
  if (reply.kind !== "answer") return [];
  const { answer: given } = reply;
  if ("hu" in given) return [given.hu.buffer];
  if ("nrrd" in given) return [given.nrrd.buffer];
  return "mask" in given && given.mask !== null ? [given.mask.values.buffer] : [];
}
