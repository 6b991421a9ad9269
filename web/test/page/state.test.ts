import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Faces } from "../../src/corridor/geometry.ts";
import {
  LEAST_SIZE_MM,
  START,
  STEPS,
  boxVerdict,
  isFinished,
  next,
  reachable,
  withFace,
  type Event,
  type State,
} from "../../src/page/state.ts";
import { BOX, FOUND, after, graph, job, located, preview, sector, study } from "./given.ts";

const MOVED: Faces = [-50, 80, -70, 50, -100, 20];
const BOUNDS: Faces = [-200, 200, -200, 200, -200, 200];
const cut: Event = { type: "cut", sector: sector(BOX) };
const accepted: Event = { type: "accepted", job: job("running") };

describe("the doctor's way", () => {
  it("goes from a found heart to the graph in two decisions", () => {
    const state = after(...FOUND, cut, accepted, { type: "read", graph });
    expect(state.step).toBe("read");
    expect(state.graph).toBe(graph);
    expect(reachable(state)).toEqual(STEPS);
  });

  it("shows nothing beyond Open before a scan was read", () => {
    expect(reachable(START)).toEqual(["open"]);
    expect(after({ type: "went", step: "send" }).step).toBe("open");
  });

  it("forgets what was cut and sent when the box moves", () => {
    const state = after(...FOUND, cut, accepted, { type: "moved", faces: MOVED, settled: true });
    expect([state.sector, state.job, state.graph]).toEqual([null, null, null]);
    expect(reachable(state)).toEqual(["open", "check"]);
  });

  it("forgets the last scan when other files are opened", () => {
    const state = after(...FOUND, cut, { type: "opened", study, attribution: null });
    expect(state.scan).toBeNull();
    expect(state.step).toBe("open");
  });

  it("shows the problem of a study that cannot be used", () => {
    const problem = { type: "urn:x", title: "No.", status: 422, detail: "no", code: "no-ct-series" } as const;
    const refused: Event = {
      type: "opened",
      study: { ...study, chosen: null, problem },
      attribution: null,
    };
    expect(after(refused).problem).toBe(problem);
  });
});

describe("the box", () => {
  it("is the net's until a person moves it, and the net's again after undo", () => {
    const moved = after(...FOUND, { type: "moved", faces: MOVED, settled: true });
    expect(boxVerdict(after(...FOUND))).toBe("found");
    expect(boxVerdict(moved)).toBe("drawn");
    expect(boxVerdict(next(moved, { type: "undone" }))).toBe("found");
  });

  it("can be drawn where no heart was found", () => {
    const lost: Event = { type: "located", id: 0, preview, located: located("not_found", null) };
    const state = after(FOUND[0]!, lost, { type: "drawn" });
    expect(state.box?.now).toEqual([-70, 70, -60, 60, -55, 55]);
    expect(boxVerdict(state)).toBe("drawn");
  });

  it("makes one undo of a whole drag", () => {
    const steps: Event[] = [-59, -57, -50].map((x) => ({
      type: "moved",
      faces: [x, 80, -70, 50, -100, 20],
      settled: false,
    }));
    const dragged = after(...FOUND, ...steps, { type: "moved", faces: MOVED, settled: true });
    expect(dragged.box?.past).toEqual([BOX]);
    expect(next(dragged, { type: "undone" }).box?.now).toEqual(BOX);
  });

  it("goes back to the found box by reset, which can be undone", () => {
    const moved = after(...FOUND, { type: "moved", faces: MOVED, settled: true });
    const reset = next(moved, { type: "reset" });
    expect(reset.box?.now).toEqual(BOX);
    expect(next(reset, { type: "undone" }).box?.now).toEqual(MOVED);
  });

  it("keeps its least size and the scan's bounds whatever a face is moved to", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.double({ noNaN: true }), (face, to) => {
        const faces = withFace(BOX, face, to, BOUNDS);
        for (const axis of [0, 1, 2]) {
          const [low, high] = [faces[axis * 2]!, faces[axis * 2 + 1]!];
          expect(high - low).toBeGreaterThanOrEqual(LEAST_SIZE_MM);
          expect(low).toBeGreaterThanOrEqual(-200);
          expect(high).toBeLessThanOrEqual(200);
        }
      }),
    );
  });
});

describe("work", () => {
  it("takes progress for what is under way only", () => {
    const state = after({ type: "started", kind: "open" });
    expect(next(state, { type: "progressed", kind: "upload", step: "", share: 0.4 }).work?.share).toBe(0);
    expect(next(state, { type: "progressed", kind: "open", step: "", share: 0.4 }).work?.share).toBe(0.4);
    expect(next(START, { type: "progressed", kind: "open", step: "", share: 0.4 }).work).toBeNull();
  });

  it("never turns a finished job back", () => {
    const done = after(...FOUND, cut, { type: "accepted", job: job("done") });
    expect(next(done, { type: "reported", job: job("running") }).job?.state).toBe("done");
  });

  it("takes no news of another job", () => {
    const state = after(...FOUND, cut, accepted);
    expect(next(state, { type: "reported", job: job("done", "j2") }).job?.id).toBe("j1");
  });
});

const faces = fc
  .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: -190, max: 190 }))
  .map(([face, to]) => withFace(BOX, face, to, BOUNDS));
const kinds = fc.constantFrom("open", "locate", "cut", "upload", "job", "results" as const);
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ type: fc.constant("started" as const), kind: kinds }),
  fc.record({ type: fc.constant("progressed" as const), kind: kinds, step: fc.string(), share: fc.double() }),
  fc.record({ type: fc.constant("waited" as const), kind: kinds, waiting: fc.boolean() }),
  fc.record({ type: fc.constantFrom("stopped", "drawn", "undone", "redone", "reset" as const) }),
  fc.record({ type: fc.constant("moved" as const), faces, settled: fc.boolean() }),
  fc.record({ type: fc.constant("went" as const), step: fc.constantFrom(...STEPS) }),
  fc.constantFrom<Event>(
    ...FOUND,
    { type: "located", id: 0, preview, located: located("not_found", null) },
    cut,
    accepted,
    { type: "reported", job: job("done") },
    { type: "read", graph },
    { type: "failed", problem: { code: "x", title: "x", detail: "x" } },
    { type: "cleared" },
  ),
);

const needs: Record<State["step"], (state: State) => boolean> = {
  open: () => true,
  check: (state) => state.scan !== null,
  send: (state) => state.sector !== null,
  read: (state) => state.job !== null,
};

describe("any sequence of events", () => {
  it("never shows a step without what it shows", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        const state = after(...events);
        expect(needs[state.step](state)).toBe(true);
        expect(reachable(state)).toContain(state.step);
      }),
      { numRuns: 500 },
    );
  });

  it("never works and complains at once, nor sends what was not cut", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        const state = after(...events);
        expect(state.work !== null && state.problem !== null).toBe(false);
        if (state.graph) expect(state.job).not.toBeNull();
        if (state.job) expect(state.sector).not.toBeNull();
        if (state.sector) expect(state.box).not.toBeNull();
        if (state.box) expect(state.scan).not.toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  it("undoes and redoes to where it was", () => {
    fc.assert(
      fc.property(fc.array(faces, { minLength: 1, maxLength: 30 }), (moves) => {
        const events = moves.map((one): Event => ({ type: "moved", faces: one, settled: true }));
        const state = after(...FOUND, ...events);
        const count = state.box!.past.length;
        const back = Array.from({ length: count }).reduce<State>((s) => next(s, { type: "undone" }), state);
        expect(back.box?.now).toEqual(BOX);
        const again = Array.from({ length: count }).reduce<State>((s) => next(s, { type: "redone" }), back);
        expect(again.box?.now).toEqual(state.box?.now);
      }),
    );
  });

  it("keeps a finished job finished until it goes", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), anyEvent, (events, last) => {
        const before = after(...events);
        const now = next(before, last);
        if (!before.job || !now.job || last.type === "accepted") return;
        if (isFinished(before.job)) expect(isFinished(now.job)).toBe(true);
      }),
    );
  });
});
