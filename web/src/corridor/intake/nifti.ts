/**
 * A NIfTI file, header first, its slices read from the (gzip) file when asked for.
 *
 * The twin of nifti.py; format: nifti.nimh.nih.gov, NIfTI-1.1 and NIfTI-2. The affine (sform before
 * qform) ends in RAS mm and is turned into LPS here. A gzip file is read forwards and begun again
 * only when an earlier plane is asked for.
 */
import { type ByteSource, Inflated } from "../bytes.ts";
import { threeAxes } from "../axes.ts";
import { limit } from "../contract.ts";
import { type Affine, affineOf, Grid, lpsFromRas, type Point, scale, type Zyx } from "../geometry.ts";
import { numbersOf, type NumberType, widthOf } from "../numbers.ts";
import { Problem } from "../problems.ts";
import { roundHalfEven } from "../rounding.ts";
import { AIR_HU, LazyVolume } from "../volume.ts";
import { cachedSlices } from "./cache.ts";
import { viewOf } from "./elements.ts";
import type { Member } from "./files.ts";

const HEADER_BYTES = 544;
const HIGHEST_HU = 32767;
const UNIT_MM = 2;
const TYPES: ReadonlyMap<number, NumberType> = new Map([
  [2, "u1"],
  [4, "i2"],
  [8, "i4"],
  [16, "f4"],
  [64, "f8"],
  [256, "i1"],
  [512, "u2"],
  [768, "u4"],
]);

/** Where the two versions keep what is needed: offset, and how a real number is written. */
interface Layout {
  readonly real: 4 | 8;
  readonly dimensions: number;
  readonly datatype: number;
  readonly pixdim: number;
  readonly data: number;
  readonly slope: number;
  readonly units: number;
  readonly formCodes: number;
  readonly quaternion: number;
  readonly sform: number;
  readonly leastOffset: number;
}

const NIFTI_1: Layout = {
  ...{ real: 4, dimensions: 40, datatype: 70, pixdim: 76, data: 108, slope: 112, units: 123 },
  ...{ formCodes: 252, quaternion: 256, sform: 280, leastOffset: 352 },
};
const NIFTI_2: Layout = {
  ...{ real: 8, dimensions: 16, datatype: 12, pixdim: 104, data: 168, slope: 176, units: 500 },
  ...{ formCodes: 344, quaternion: 352, sform: 400, leastOffset: 544 },
};

/** Tell a NIfTI file, packed by gzip or not, by its first bytes. */
export async function isNifti(member: Member): Promise<boolean> {
  try {
    return versionOf(await (await opened(member)).read(0, HEADER_BYTES)) !== null;
  } catch (error) {
    if (error instanceof Problem && error.code === "nifti-unreadable") return false;
    throw error;
  }
}

/** Open a NIfTI file; the scale of the header is applied. nifti-unreadable with the reason, too-large. */
export async function openNifti(member: Member): Promise<LazyVolume> {
  const source = await opened(member);
  const first = await source.read(0, HEADER_BYTES);
  const version = versionOf(first);
  if (version === null) throw unreadable(member.name, "it is no single NIfTI file");
  const header = new Fields(viewOf(first), version.layout, version.little, member.name);
  const shape = header.shape();
  const grid = header.grid(shape);
  const read = planeReader(source, header, shape);
  if (source === member && header.data() + shape[0] * planeBytes(header, shape) > member.bytes) {
    throw short(member.name);
  }
  return new LazyVolume(grid, cachedSlices(read));
}

function planeReader(source: ByteSource, header: Fields, shape: Zyx): (k: number) => Promise<Int16Array> {
  const [slope, intercept] = header.scaling();
  const size = planeBytes(header, shape);
  const type = header.type();
  return async (k) => {
    const start = header.data() + k * size;
    const bytes = await source.read(start, start + size);
    if (bytes.length < size) throw short(header.name);
    const values = numbersOf(bytes, type, header.little);
    const plane = new Int16Array(values.length);
    for (let at = 0; at < plane.length; at++) {
      const hu = values[at]! * slope + intercept;
      plane[at] = Number.isNaN(hu) ? AIR_HU : Math.min(Math.max(roundHalfEven(hu), AIR_HU), HIGHEST_HU);
    }
    return plane;
  };
}

const planeBytes = (header: Fields, shape: Zyx): number => shape[1] * shape[2] * widthOf(header.type());

/** The fields of one header. */
class Fields {
  constructor(
    private readonly view: DataView,
    private readonly layout: Layout,
    readonly little: boolean,
    readonly name: string,
  ) {}

  shape(): Zyx {
    const count = this.whole(this.layout.dimensions);
    if (count < 1 || count > 7) throw unreadable(this.name, "its header is damaged");
    const size = this.layout.real === 4 ? 2 : 8;
    const sizes = Array.from({ length: count }, (_, n) =>
      this.whole(this.layout.dimensions + size * (n + 1)),
    );
    while (sizes.length > 3 && sizes.at(-1) === 1) sizes.pop();
    return threeAxes(sizes, this.name, unreadable(this.name, "it does not have three axes"));
  }

  type(): NumberType {
    const code = this.view.getUint16(this.layout.datatype, this.little);
    const type = TYPES.get(code);
    if (type === undefined) throw unreadable(this.name, `voxel type ${String(code)}`);
    return type;
  }

  /** Where the voxels begin. */
  data(): number {
    const { data, real, leastOffset } = this.layout;
    const offset = real === 4 ? this.real(data) : Number(this.view.getBigInt64(data, this.little));
    if (!(offset >= leastOffset)) throw unreadable(this.name, "its header is damaged");
    return Math.trunc(offset);
  }

  /** Slope and intercept; a slope of 0 means none. */
  scaling(): [number, number] {
    const [slope, intercept] = [
      this.real(this.layout.slope),
      this.real(this.layout.slope + this.layout.real),
    ];
    if (slope === 0 || !Number.isFinite(slope)) return [1, 0];
    if (!Number.isFinite(intercept)) throw unreadable(this.name, "its header is damaged");
    return [slope, intercept];
  }

  grid(shape: Zyx): Grid {
    const { formCodes, real, units } = this.layout;
    const code = (n: number): number =>
      real === 4
        ? this.view.getInt16(formCodes + 2 * n, this.little)
        : this.view.getInt32(formCodes + 4 * n, this.little);
    const unit = (real === 4 ? this.view.getUint8(units) : this.view.getInt32(units, this.little)) & 7;
    const [qform, sform] = [code(0), code(1)];
    if (qform === 0 && sform === 0)
      throw unreadable(this.name, "it does not say where it lies in the patient");
    if (unit !== 0 && unit !== UNIT_MM) throw unreadable(this.name, "its unit of length is not mm");
    try {
      return new Grid(shape, lpsFromRas(sform > 0 ? this.sform() : this.qform()));
    } catch {
      throw unreadable(this.name, "its place in space is damaged");
    }
  }

  private sform(): Affine {
    const { real, sform } = this.layout;
    const along = (n: number): Point => [
      this.real(sform + n * real),
      this.real(sform + (4 + n) * real),
      this.real(sform + (8 + n) * real),
    ];
    return affineOf(along(0), along(1), along(2), along(3));
  }

  /** The rotation of a unit quaternion, whose first part is left out (NIfTI-1, method 2). */
  private qform(): Affine {
    const { real, quaternion, pixdim } = this.layout;
    const [b, c, d] = this.triple(quaternion);
    const [di, dj, dk] = this.triple(pixdim + real);
    const qfac = this.real(pixdim);
    const rest = 1 - (b * b + c * c + d * d);
    if (rest < -1e-6) throw new RangeError("no unit quaternion");
    const a = Math.sqrt(Math.max(rest, 0));
    const i: Point = [a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c)];
    const j: Point = [2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b)];
    const k: Point = [2 * (b * d + a * c), 2 * (c * d - a * b), a * a + d * d - b * b - c * c];
    return affineOf(
      scale(i, di),
      scale(j, dj),
      scale(k, qfac < 0 ? -dk : dk),
      this.triple(quaternion + 3 * real),
    );
  }

  private triple(at: number): Point {
    const { real } = this.layout;
    return [this.real(at), this.real(at + real), this.real(at + 2 * real)];
  }

  private whole(at: number): number {
    if (this.layout.real === 4) return this.view.getInt16(at, this.little);
    return Number(this.view.getBigInt64(at, this.little));
  }

  private real(at: number): number {
    return this.layout.real === 4
      ? this.view.getFloat32(at, this.little)
      : this.view.getFloat64(at, this.little);
  }
}

function versionOf(first: Uint8Array): { layout: Layout; little: boolean } | null {
  if (first.length < 348) return null;
  const view = viewOf(first);
  for (const little of [true, false]) {
    const size = view.getUint32(0, little);
    if (size === 348) return magic(first, 344, "n+1") ? { layout: NIFTI_1, little } : null;
    if (size === 540 && first.length >= 540)
      return magic(first, 4, "n+2") ? { layout: NIFTI_2, little } : null;
  }
  return null;
}

const magic = (first: Uint8Array, at: number, text: string): boolean =>
  Array.from(text).every((letter, n) => first[at + n] === letter.charCodeAt(0));

/** The member itself, or what is inside its gzip. */
async function opened(member: Member): Promise<ByteSource> {
  const [one, two] = await member.read(0, 2);
  if (one !== 0x1f || two !== 0x8b) return member;
  return new Inflated({
    source: member,
    start: 0,
    stop: member.bytes,
    packing: "gzip",
    most: 8 * limit("volume_voxels") + HEADER_BYTES,
    tooMuch: () => new Problem("too-large", { name: member.name, limit: limit("volume_voxels") }),
    damaged: () => unreadable(member.name, "it is damaged"),
  });
}

const short = (name: string): Problem => unreadable(name, "it has fewer voxels than its header says");

const unreadable = (name: string, reason: string): Problem =>
  new Problem("nifti-unreadable", { name, reason });
