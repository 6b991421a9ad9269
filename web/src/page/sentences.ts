/** Every text on the screen. Refusals come from contract/problems.json and are not repeated here. */
import type { Face, Faces } from "../corridor/geometry.ts";
import type { Step, WorkKind } from "./state.ts";
import type { PlaneName } from "./view/slice.ts";

const mm = (value: number, digits = 1): string => `${value.toFixed(digits)} mm`;

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en-GB")} ${count === 1 ? one : many}`;

const sentenceCase = (name: string): string => {
  const spaced = name.replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
};

/** Bytes as people read them: 1 MB = 1,000,000 bytes. */
function bytes(count: number): string {
  if (count < 1000) return plural(count, "byte");
  const units = ["kB", "MB", "GB"];
  let [value, unit] = [count / 1000, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toString()} ${units[unit]!}`;
}

const FACE_SIDES: Readonly<Record<Face, string>> = {
  right: "right",
  left: "left",
  anterior: "front",
  posterior: "back",
  inferior: "lower",
  superior: "upper",
};

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;

const faceNames = (faces: readonly string[]): string => listed(faces.map((face) => FACE_SIDES[face as Face]));

const PLANE_NAMES: Readonly<Record<PlaneName, string>> = {
  axial: "Axial",
  coronal: "Coronal",
  sagittal: "Sagittal",
};

/** Which way each axis grows and shrinks, as letters. */
const AXIS_LETTERS = [
  ["L", "R"],
  ["P", "A"],
  ["S", "I"],
] as const;

const WORK: Readonly<Record<WorkKind, string>> = {
  example: "Fetching the example",
  open: "Reading the files",
  locate: "Looking for the heart",
  cut: "Cutting the sector",
  upload: "Sending the sector",
  job: "Measuring the aorta",
  results: "Fetching the results",
};

/** What a step of the server's measurement does, in a doctor's words; others are not named. */
const JOB_STEPS: Readonly<Record<string, string>> = {
  "search grid": "looking at the sector",
  circles: "looking for round vessels",
  "choice of vessels": "choosing the aorta among them",
  contours: "following its wall",
};

const LANDMARKS: Readonly<Record<string, string>> = {
  stj: "Sinotubular junction",
};

export const words = {
  name: "Heartbox",
  tagline: "From a chest CT to the aorta's shape",
  research: "Not a medical device: for research use.",
  steps: { open: "Open", check: "Check", send: "Send", read: "Read" } satisfies Record<Step, string>,
  stepState: (step: Step, state: "current" | "ready" | "later"): string =>
    `${words.steps[step]}${state === "current" ? ", current step" : state === "later" ? ", not ready yet" : ""}`,
  stepsLabel: "Steps",
  cancel: "Cancel",
  close: "Close",
  details: "Technical detail",
  stopped: "Stopped. The reason is shown above.",
  startOver: "Start over",
  bytes,
  millimetres: mm,

  work: (kind: WorkKind): string => WORK[kind],
  working: (kind: WorkKind, step: string, share: number): string => {
    const percent = share > 0 ? ` (${String(Math.round(share * 100))} %)` : "";
    const named = kind === "job" ? JOB_STEPS[step] : undefined;
    return `${WORK[kind]}${named ? `: ${named}` : ""}${percent}`;
  },
  waiting: (kind: WorkKind): string =>
    kind === "upload"
      ? "The server does not answer. What has arrived is kept; sending goes on by itself when it is back."
      : "The server does not answer. The page goes on by itself when it is back.",
  ready: {
    open: "Ready. Nothing leaves this computer until you send it.",
    check: "Check the box against the heart.",
    send: "The sector is cut and lies in this page only.",
    read: "The measurement has ended.",
  } satisfies Record<Step, string>,
  cancelled: "Cancelled.",

  open: {
    title: "Open a chest CT",
    lead: "The scan is read on this computer. Only the part around the heart is ever sent, and only when you say so.",
    drop: "Drop a folder, a zip or files here",
    kinds: "DICOM, NIfTI or NRRD",
    folder: "Choose a folder",
    files: "Choose files",
    example: "Open the example",
    noExample: "There is no example on this server.",
    source: "Source of the example",
    series: "Series in these files",
    use: "Use this series",
    chosen: "Chosen",
    refused: "Cannot be used",
    usable: "Usable",
    continue: "Find the heart",
    how: "How it goes",
    howSteps: [
      "Open a chest CT. It is read in this browser and stays there.",
      "Check the box around the heart, and correct it where needed.",
      "Send the sector: the voxels around the heart, with no name, number or date.",
      "Read the aorta: its course, its diameters, its branches.",
    ],
    noFolderDrop: "Nothing was dropped that can be read: choose a folder or files instead.",
  },
  seriesSummary: (slices: number, spacing: readonly number[], orientation: string): string =>
    `${plural(slices, "slice")}, ${orientation}, ${spacing.map((step) => step.toFixed(2)).join(" × ")} mm`,

  check: {
    title: "Check the heart's box",
    continue: "Use this box",
    draw: "Draw a box yourself",
    another: "Choose another series",
    mask: "Show what the net saw",
    window: "Window",
    undo: "Undo",
    redo: "Redo",
    reset: "Back to the found box",
    numbers: "Faces of the box, mm",
    numbersHelp: "Patient coordinates: x grows to the left, y to the back, z to the head.",
    dashed: "Dashed: what is cut out and sent.",
    keys: "Keys and mouse",
    confidence: "Confidence of the net in this verdict",
    notes: "Notes about the series",
  },
  verdict: (verdict: string, cutFaces: readonly string[]): string => {
    if (verdict === "found") return "The heart was found whole.";
    if (verdict === "cut") {
      return `The heart was found, but it reaches the edge of the scan (${faceNames(cutFaces)}).`;
    }
    return "No heart was found in this series.";
  },
  verdictMore: (verdict: string): string => {
    if (verdict === "found") return "Compare the box with the three planes before you go on.";
    if (verdict === "cut") {
      return "Measurements at that edge will be missing. You can go on, correct the box, or choose another series.";
    }
    return "If you can see a heart, draw the box yourself. Otherwise choose another series or other files.";
  },
  verdictDrawn: "This box was set by hand.",
  verdictDrawnMore: "It will travel marked as drawn by a person, without the net's confidence.",
  confidence: (share: number): string =>
    share > 0.99 ? "over 99 %" : `${String(Math.floor(share * 100))} %`,
  size: (faces: Faces): string =>
    `${(faces[1] - faces[0]).toFixed(0)} × ${(faces[3] - faces[2]).toFixed(0)} × ${(faces[5] - faces[4]).toFixed(0)} mm`,
  sizeLabel: "Size (left–right × front–back × height)",
  face: (face: Face): string => sentenceCase(FACE_SIDES[face]),
  faceInput: (face: Face): string => `${sentenceCase(FACE_SIDES[face])} face, mm`,
  handle: (face: Face, plane: PlaneName): string =>
    `${sentenceCase(FACE_SIDES[face])} face of the heart's box, ${plane} plane`,

  planes: PLANE_NAMES,
  planeName: (plane: PlaneName): string =>
    `${PLANE_NAMES[plane]} plane. Arrow keys scroll, 1 to 5 set the window.`,
  planeImage: (plane: PlaneName): string => `${PLANE_NAMES[plane]} CT image`,
  planePlace: (axis: 0 | 1 | 2, at: number): string =>
    `${AXIS_LETTERS[axis][at >= 0 ? 0 : 1]} ${Math.abs(at).toFixed(1)} mm`,
  presets: {
    mediastinum: "Mediastinum",
    lung: "Lung",
    bone: "Bone",
    angio: "Angiography",
    wide: "Full range",
  },
  preset: (name: string, width: number, centre: number): string =>
    `${name} (${String(width)} / ${String(centre)})`,
  ownWindow: (width: number, centre: number): string => `Own: ${width.toFixed(0)} / ${centre.toFixed(0)}`,

  send: {
    title: "Send the sector",
    primary: "Send the sector",
    save: "Save the sector here",
    resume: "Try again now",
    leaves: "What leaves this computer",
    scan: "The scan you opened",
    sector: "The sector that is sent",
    fields: "These fields, and no others",
    field: "Field",
    value: "Value",
    stays: "What stays here",
    staysList: [
      "Name, numbers, dates and every other field of the files",
      "The names of files and folders",
      "All voxels outside the sector",
    ],
    where: (host: string, name: string): string =>
      ["127.0.0.1", "localhost", "[::1]"].includes(name)
        ? `Receiver: ${host} (this computer)`
        : `Receiver: ${host}`,
  },
  share: (sector: number, scan: number): string => {
    const percent = (sector / scan) * 100;
    return `${percent < 1 ? percent.toFixed(1) : Math.round(percent).toString()} % of the scan's bytes`;
  },
  fieldMeaning: {
    schema: "Kind of document",
    sha256: "Digest of the voxels' file",
    shape_zyx: "Voxels along z, y, x",
    affine_lps: "Voxel positions in the scanner's space",
    heart_box_lps_mm: "Heart's box, mm",
    sector_box_lps_mm: "Sector's box, mm",
    margin_mm: "Margin per face, mm",
    verdict: "How the box came about",
    cut_faces: "Faces at the scan's edge",
    confidence: "Confidence of the net",
    model: "The net",
  } as Readonly<Record<string, string>>,
  none: "none",

  read: {
    title: "Read the aorta",
    measuring: "Measuring the aorta",
    working: "The sector has arrived; the aorta is being measured.",
    workingMore: "The server keeps what it has accepted, even if it is stopped and started again.",
    position: "Position along the aorta",
    profile: "Diameter along the aorta",
    landmarks: "Landmarks, mm",
    landmark: "Place",
    diameter: "Diameter",
    range: "Range",
    uncertain: "Place ±",
    warnings: "Warnings",
    downloads: "Results",
    download: "Download",
    planes: "CT planes in the 3-D view",
    home: "Reset the view",
    back: "Correct the box",
    again: "Send again",
    lengths: "Branches, mm",
    branch: "Branch",
    length: "Length",
    largest: "Widest",
    remove: "Delete from the server",
    removed: "The sector and its results were deleted from the server.",
  },
  graphVerdict: (verdict: string | null, state: string): string => {
    if (state === "cancelled") return "The measurement was cancelled.";
    if (state === "failed") return "The measurement stopped on a fault of the program.";
    if (state === "refused" || verdict === "refused") return "The aorta was not measured in this sector.";
    if (verdict === "degraded") return "The aorta was measured, with doubts.";
    return "The aorta was measured.";
  },
  graphVerdictMore: (verdict: string | null, state: string): string => {
    if (state === "cancelled") return "The sector is still in this page: send it again, or correct the box.";
    if (state === "failed") return "Send it again; if it fails once more, report it with the warnings below.";
    if (state === "refused" || verdict === "refused") {
      return "The reasons are below. Correct the box and send again, or choose another series.";
    }
    if (verdict === "degraded") return "Read the warnings below before you use a number.";
    return "Every number carries its uncertainty; check it against the planes.";
  },
  graphView: "Aortic graph in 3-D. Arrow keys turn it; click a vessel to look there.",
  graphImage: "The aorta and its branches as tubes over the CT",
  stationValue: (arcMm: number, diameterMm: number, branch: string): string =>
    `${sentenceCase(branch)}, ${mm(arcMm, 0)} along, diameter ${mm(diameterMm)}`,
  branch: sentenceCase,
  landmark: (name: string): string => LANDMARKS[name] ?? sentenceCase(name),
  profileX: "Along the aorta, mm",
  profileY: "Diameter, mm",

  keysTitle: "Keys and mouse",
  keys: [
    ["Left drag", "Window: sideways width, up and down centre"],
    ["Click", "Look at this point in all planes"],
    ["Wheel, ↑ ↓", "One slice; with Shift ten slices"],
    ["Home, End", "First and last slice"],
    ["Middle drag", "Move the picture"],
    ["Right drag, Ctrl + wheel", "Zoom"],
    ["1 to 5", "Mediastinum, lung, bone, angiography, full range"],
    ["M", "Show or hide what the net saw"],
    ["Tab, then arrows", "Move a face of the box by 1 mm; with Shift by 10 mm"],
    ["Ctrl + Z, Ctrl + Y", "Undo, redo"],
    ["Esc", "Cancel what is running"],
    ["?", "This list"],
  ] as const,

  trouble: {
    silent: {
      code: "server-silent",
      title: "The server does not answer: check that it is running, then try again.",
      detail: "No answer to a request of the page.",
    },
    unread: {
      code: "server-unclear",
      title: "The server gave an answer that this page does not understand: reload the page.",
      detail: "The answer fits neither its schema nor a problem document.",
    },
    worker: {
      code: "page-fault",
      title: "The page stopped on a fault of its own: reload it and open the scan again.",
      detail: "An unforeseen error in the page or its worker.",
    },
  },
} as const;
