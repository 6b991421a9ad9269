/** The one shape that the cornerstone codecs share: a WebAssembly module with a decoder class. */
import { once, readAsset } from "../../asset.ts";
import type { Decode, Stored } from "./decode.ts";

/** A decoder object: its input is written into the module's memory, and so comes its output. */
export interface Decoder {
  getEncodedBuffer(bytes: number): Uint8Array;
  decode(): void;
  getFrameInfo(): FrameInfo;
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

interface FrameInfo {
  readonly bitsPerSample: number;
  readonly componentCount: number;
  readonly isSigned?: boolean;
}

/** A started module: its decoder class by its name. */
type Module = Readonly<Record<string, (new () => Decoder) | undefined>>;
/** Starts the module with its WebAssembly in hand, so that it never looks for the file itself. */
type Factory = (options: {
  wasmBinary: Uint8Array;
  print: () => void;
  printErr: () => void;
}) => Promise<Module>;

/** What a codec has to say goes nowhere: its failures arrive as exceptions. */
const silent = (): void => undefined;

/** Make a decode function of a codec's module, started once, and its class `name`. */
export function decoderOf(load: () => Promise<{ default: unknown }>, wasm: URL, name: string): Decode {
  const start = once(async (): Promise<Module> => {
    const { default: factory } = await load();
    const wasmBinary = await readAsset(wasm);
    return (factory as Factory)({ wasmBinary, print: silent, printErr: silent });
  });
  return async (frame) => {
    const Class = (await start())[name];
    if (Class === undefined) throw new TypeError(`the codec has no ${name}`);
    const decoder = new Class();
    try {
      decoder.getEncodedBuffer(frame.length).set(frame);
      decoder.decode();
      return valuesOf(decoder.getDecodedBuffer(), decoder.getFrameInfo());
    } finally {
      decoder.delete();
    }
  };
}

/** Copy the output out of the module's memory, in the width that the stream has. */
function valuesOf(bytes: Uint8Array, info: FrameInfo): Stored {
  const copy = bytes.slice();
  if (info.bitsPerSample <= 8) return copy;
  if (info.bitsPerSample > 16) throw new Error("more than 16 bits");
  return info.isSigned === true ? new Int16Array(copy.buffer) : new Uint16Array(copy.buffer);
}
