import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ahead } from "../../src/corridor/ahead.ts";

async function taken<Value>(values: AsyncGenerator<Value>): Promise<Value[]> {
  const all: Value[] = [];
  for await (const value of values) all.push(value);
  return all;
}

describe("loading ahead", () => {
  it("gives everything in order, however long each takes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3)), async (delays) => {
        const items = delays.map((ms, n) => [ms, n] as const);
        const load = async ([ms, n]: readonly [number, number]): Promise<number> => {
          await new Promise((resolve) => setTimeout(resolve, ms));
          return n;
        };
        expect(await taken(ahead(items, load))).toEqual(items.map(([, n]) => n));
      }),
      { numRuns: 20 },
    );
  });

  it("is never more than a few loads ahead", async () => {
    let [begun, most] = [0, 0];
    let given = 0;
    const items = Array.from({ length: 40 }, (_, n) => n);
    const load = (n: number): Promise<number> => {
      begun += 1;
      most = Math.max(most, begun - given);
      return Promise.resolve(n);
    };
    for await (const value of ahead(items, load)) given = value + 1;
    expect(begun).toBe(40);
    expect(most).toBeLessThanOrEqual(6);
  });

  it("tells a failed load in its turn, and loads no further", async () => {
    let begun = 0;
    const load = (n: number): Promise<number> => {
      begun += 1;
      return n === 2 ? Promise.reject(new Error("slice 2")) : Promise.resolve(n);
    };
    await expect(taken(ahead([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], load))).rejects.toThrow("slice 2");
    expect(begun).toBeLessThanOrEqual(7);
  });
});
