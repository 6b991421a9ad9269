import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { joined } from "../../../src/corridor/bytes.ts";
import { readHead } from "../../../src/corridor/intake/elements.ts";
import { TAG, WANTED } from "../../../src/corridor/intake/tags.ts";
import { Problem } from "../../../src/corridor/problems.ts";
import { dicomSlice, encode, member, words } from "../../makers/dicom.ts";

const read = (bytes: Uint8Array<ArrayBuffer>) => readHead(member("a.dcm", bytes), WANTED);
const PREAMBLE = joined([new Uint8Array(128), new TextEncoder().encode("DICM")]);
const meta = (syntax: string) => encode([[0x00020010, "UI", syntax]]);
const UNDEFINED_SEQUENCE = joined([
  words([0x0008, 0x1140]),
  new TextEncoder().encode("SQ"),
  words([0, 0xffff, 0xffff]),
]);
const UNDEFINED_ITEM = words([0xfffe, 0xe000, 0xffff, 0xffff]);
const END_OF_SEQUENCE = words([0xfffe, 0xe0dd, 0, 0]);

test("a head holds what was asked for, where the pixels lie, and nothing of the patient", async () => {
  const bytes = dicomSlice({ z: 5 });
  const head = await read(bytes);
  expect(head.syntax).toBe("1.2.840.10008.1.2.1");
  expect(head.data.text(TAG.Modality)).toBe("CT");
  expect(head.data.has(0x00100010)).toBe(false);
  expect(head.pixels).toEqual({ tag: 0x7fe00010, start: bytes.length - 512, length: 512 });
});

test("only the beginning of a file is read", async () => {
  const bytes = dicomSlice({ rows: 512, columns: 512 });
  let most = 0;
  const one = {
    ...member("a.dcm", bytes),
    read: (start: number, stop: number) => {
      most = Math.max(most, stop);
      return Promise.resolve(bytes.slice(start, stop));
    },
  };
  await readHead(one, WANTED);
  expect(most).toBeLessThan(20_000);
});

test("pixels behind a long private element are found", async () => {
  const bytes = dicomSlice({
    change: [
      [0x00290010, "OB", new Uint8Array(60_000)],
      [0x00291010, "OB", new Uint8Array(500_000)],
    ],
  });
  const head = await read(bytes);
  expect(head.pixels?.start).toBe(bytes.length - 512);
});

test("a file without preamble is read", async () => {
  expect((await read(dicomSlice({ preamble: false }))).data.text(TAG.Modality)).toBe("CT");
});

test("a deflated file is inflated no further than to its pixels", async () => {
  const body = dicomSlice({ preamble: false }).subarray(meta("1.2.840.10008.1.2.1").length);
  const packed = new Uint8Array(deflateRawSync(body));
  const head = await read(joined([PREAMBLE, meta("1.2.840.10008.1.2.1.99"), packed]));
  const { start } = head.pixels!;
  expect(await head.values.read(start, start + 512)).toEqual(body.slice(start, start + 512));
});

describe("refused are", () => {
  test.each<[string, Uint8Array<ArrayBuffer>, string, string]>([
    ["an empty file", new Uint8Array(0), "file-empty", "a.dcm"],
    ["text", new TextEncoder().encode("Dear colleague, please find"), "not-an-image", "a.dcm"],
    ["a file that ends after its meta group", joined([PREAMBLE, meta("1.2")]), "dicom-damaged", "damaged"],
    ["a header that breaks off", dicomSlice().slice(0, 300), "dicom-damaged", "damaged"],
    [
      "an element that is there twice",
      joined([dicomSlice({ change: [[0x7fe00010, null]] }), encode([[0x00280010, "US", [3]]])]),
      "dicom-damaged",
      "twice",
    ],
    [
      "nesting without end",
      joined([
        dicomSlice().slice(0, 160),
        UNDEFINED_SEQUENCE,
        ...new Array<Uint8Array>(40).fill(joined([UNDEFINED_ITEM, UNDEFINED_SEQUENCE])),
      ]),
      "dicom-damaged",
      "nested",
    ],
    [
      "a million empty elements",
      joined([
        dicomSlice().slice(0, 160),
        ...new Array<Uint8Array>(30_000).fill(encode([[0x00090010, "LO", ""]])),
      ]),
      "dicom-damaged",
      "too many",
    ],
    [
      "a delimiter outside of any sequence",
      joined([dicomSlice().slice(0, 160), END_OF_SEQUENCE]),
      "dicom-damaged",
      "delimiter",
    ],
    [
      "a deflate bomb",
      joined([
        PREAMBLE,
        meta("1.2.840.10008.1.2.1.99"),
        new Uint8Array(
          deflateRawSync(
            joined([
              encode([[0x00080060, "CS", "CT"]]),
              words([0x0009, 0x0010]),
              new TextEncoder().encode("OB"),
              words([0, 0, 0x7000]),
              new Uint8Array(100 << 20),
            ]),
          ),
        ),
      ]),
      "too-large",
      "larger",
    ],
  ])("%s", async (_, bytes, code, reason) => {
    const refused = read(bytes);
    await expect(refused).rejects.toMatchObject({ code });
    const problem: unknown = await refused.catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(`${(problem as Problem).message} ${(problem as Problem).integratorSentence}`).toContain(reason);
  });
});

test("a sequence of undefined length is followed to its end", async () => {
  const start = dicomSlice().slice(0, 160);
  const item = joined([UNDEFINED_ITEM, encode([[0x00080060, "CS", "MR"]]), words([0xfffe, 0xe00d, 0, 0])]);
  const rest = encode([[0x00280010, "US", [7]]]);
  const head = await read(joined([start, UNDEFINED_SEQUENCE, item, END_OF_SEQUENCE, rest]));
  expect(head.data.words(TAG.Rows)).toEqual([7]);
  expect(head.data.has(TAG.Modality)).toBe(false);
});
