import { describe, expect, test } from "vitest";
import { dispatcher } from "../../../src/worker/dispatch.ts";
import {
  CorridorClient,
  type Port,
  Refused,
  type Reply,
  type Request,
} from "../../../src/worker/protocol.ts";
import { handed, seriesAt } from "../../makers/dicom.ts";

const PLACES = Array.from({ length: 24 }, (_, k) => 2.5 * k);

/** Client and worker in one thread; messages go through a structured copy, as between threads. */
function connected(): { client: CorridorClient; sent: Reply[]; moved: number[] } {
  const sent: Reply[] = [];
  const moved: number[] = [];
  let hear: (event: { data: unknown }) => void = () => undefined;
  const dispatch = dispatcher((reply, transfer) => {
    moved.push(transfer.length);
    sent.push(reply);
    hear({ data: structuredClone(reply, { transfer }) });
  });
  const port: Port = {
    postMessage: (message: Request) => {
      dispatch(structuredClone(message));
    },
    addEventListener: (_, listener) => {
      hear = listener;
    },
  };
  return { client: new CorridorClient(port), sent, moved };
}

test("a study is opened, seen, and its sector cut, in four calls", async () => {
  const { client, sent } = connected();
  const steps: string[] = [];
  const opened = await client.open(
    [...seriesAt(PLACES), handed("scan/a.txt", new TextEncoder().encode("hello"))],
    undefined,
    (step) => steps.push(step),
  );
  expect(opened).toMatchObject({ chosen: 0, problem: null });
  expect(opened.series.map((one) => [one.id, one.label, one.refusal?.code])).toEqual([
    [0, "CT, 24 slices of 2.5 mm", undefined],
    [1, "a.txt", "not-an-image"],
  ]);
  expect(opened.series[0]!.notices.map((one) => one.code)).toEqual(["files-left-aside"]);
  expect(steps).toContain("reading headers");
  const preview = await client.preview(0);
  expect(preview.shape).toEqual([24, 16, 16]);
  expect(preview.hu[24 * 256 - 1]).toBe(2 * 58 - 1000);
  const { document, mask } = await client.locate(0);
  expect(document).toMatchObject({
    schema: "heartbox.locate/1",
    verdict: "not_found",
    heart_box_lps_mm: null,
  });
  expect(mask).toBeNull();
  const cut = await client.sector(0, {
    box: [-90, -70, -110, -90, 10, 30],
    margin: [0, 0, 0, 0, 0, 0],
    verdict: "drawn",
  });
  expect(cut.fields.verdict).toBe("drawn");
  expect(cut.scanBytes).toBe(opened.series[0]!.summary!.bytes);
  expect(sent.every((reply) => reply.kind === "progress" || reply.kind === "answer")).toBe(true);
  expect(JSON.stringify(sent)).not.toContain("Somebody");
});

test("large arrays go over without a copy", async () => {
  const { client, moved } = connected();
  await client.open(seriesAt(PLACES));
  await client.preview(0);
  expect(moved.at(-1)).toBe(1);
});

describe("errors", () => {
  test("a study that is refused is an answer with the problem", async () => {
    const opened = await connected().client.open(seriesAt(PLACES.filter((_, k) => k !== 9)));
    expect(opened).toMatchObject({ chosen: null, problem: { code: "slice-missing", status: 422 } });
    expect(opened.series).toMatchObject([{ summary: null, refusal: { code: "slice-missing" } }]);
  });

  test("nothing to read is an answer too", async () => {
    const text = new TextEncoder().encode("hello");
    const opened = await connected().client.open([handed("d/a", text), handed("d/b", text)]);
    expect(opened).toMatchObject({ series: [], chosen: null, problem: { code: "nothing-to-read" } });
  });

  test("a box that is no box arrives as a problem's document", async () => {
    const { client } = connected();
    await client.open(seriesAt(PLACES));
    const refused = client.sector(0, {
      box: [1, 0, 0, 1, 0, 1],
      margin: [0, 0, 0, 0, 0, 0],
      verdict: "drawn",
    });
    await expect(refused).rejects.toBeInstanceOf(Refused);
    await expect(refused).rejects.toMatchObject({ problem: { code: "box-malformed" } });
  });

  test("a fault of the program is told as one, without its data", async () => {
    await expect(connected().client.preview(7)).rejects.toMatchObject({ problem: { code: "program-fault" } });
  });
});

describe("abort", () => {
  test("rejects at once, and the worker stops", async () => {
    const { client, sent } = connected();
    const stop = new AbortController();
    const call = client.open(seriesAt(PLACES), stop.signal);
    stop.abort();
    await expect(call).rejects.toThrow("abort");
    await client.open(seriesAt(PLACES));
    expect(sent[0]).toMatchObject({ kind: "aborted" });
  });

  test("before the call means that nothing is sent", async () => {
    const { client, sent } = connected();
    await expect(client.locate(0, AbortSignal.abort())).rejects.toThrow("abort");
    expect(sent).toEqual([]);
  });

  test("a dead worker rejects what waits", async () => {
    const { client } = connected();
    const call = client.preview(0);
    client.fail(new Error("the worker died"));
    await expect(call).rejects.toThrow("died");
  });
});
