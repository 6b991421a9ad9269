/**
 * Whether the numbers of a file without DICOM's header are Hounsfield units.
 *
 * The twin of hounsfield.py. NIfTI and NRRD do not say what their values mean. A CT of the body
 * always shows air (below -500 HU) and soft tissue (-200 to 200 HU); masks, MR, scaled and windowed
 * pictures do not show both.
 */
import { Problem } from "../problems.ts";
import type { LazyVolume } from "../volume.ts";

const AIR_BELOW_HU = -500;
const TISSUE_HU = [-200, 200] as const;
/** Each kind must fill this share of the slices looked at. */
const LEAST_SHARE = 0.005;
/** Which slices are looked at, as shares of the whole. */
const LOOKED_AT = [0.25, 0.5, 0.75];

/** Look at three slices; not-hounsfield with what was missing, whatever reading a slice rejects with. */
export async function requireHounsfield(volume: LazyVolume, name: string): Promise<void> {
  const [nz, ny, nx] = volume.grid.shape;
  let [air, tissue, least, most] = [0, 0, Infinity, -Infinity];
  for (const share of LOOKED_AT) {
    const hu = await volume.readSlice(Math.floor(share * nz));
    air += hu.filter((value) => value < AIR_BELOW_HU).length;
    tissue += hu.filter((value) => value > TISSUE_HU[0] && value < TISSUE_HU[1]).length;
    least = hu.reduce((a, b) => Math.min(a, b), least);
    most = hu.reduce((a, b) => Math.max(a, b), most);
  }
  const due = LEAST_SHARE * LOOKED_AT.length * ny * nx;
  if (air < due) {
    const reason = `no air: values from ${String(least)} to ${String(most)}`;
    throw new Problem("not-hounsfield", { name, reason });
  }
  if (tissue < due || least === most) throw new Problem("not-hounsfield", { name, reason: "no soft tissue" });
}
