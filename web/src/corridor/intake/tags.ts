/** The elements (PS3.6) that the judgement of a CT image needs, by their keywords. */
export const TAG = {
  ImageType: 0x00080008,
  SOPClassUID: 0x00080016,
  Modality: 0x00080060,
  SliceThickness: 0x00180050,
  SpacingBetweenSlices: 0x00180088,
  SeriesInstanceUID: 0x0020000e,
  ImagePositionPatient: 0x00200032,
  ImageOrientationPatient: 0x00200037,
  FrameOfReferenceUID: 0x00200052,
  PlanePositionSequence: 0x00209113,
  PlaneOrientationSequence: 0x00209116,
  SamplesPerPixel: 0x00280002,
  PhotometricInterpretation: 0x00280004,
  NumberOfFrames: 0x00280008,
  Rows: 0x00280010,
  Columns: 0x00280011,
  PixelSpacing: 0x00280030,
  BitsAllocated: 0x00280100,
  BitsStored: 0x00280101,
  HighBit: 0x00280102,
  PixelRepresentation: 0x00280103,
  PixelPaddingValue: 0x00280120,
  PixelPaddingRangeLimit: 0x00280121,
  BurnedInAnnotation: 0x00280301,
  RescaleIntercept: 0x00281052,
  RescaleSlope: 0x00281053,
  RescaleType: 0x00281054,
  ModalityLUTSequence: 0x00283000,
  LUTDescriptor: 0x00283002,
  ModalityLUTType: 0x00283004,
  LUTData: 0x00283006,
  PixelMeasuresSequence: 0x00289110,
  PixelValueTransformationSequence: 0x00289145,
  SharedFunctionalGroupsSequence: 0x52009229,
  PerFrameFunctionalGroupsSequence: 0x52009230,
  ExtendedOffsetTable: 0x7fe00001,
} as const;

export type Keyword = keyof typeof TAG;

/** The most that a kept sequence (the functional groups of all frames) or table may hold, bytes. */
export const LARGE_BYTES = 1 << 24;
/** The most that any other kept element may hold, bytes. */
const SMALL_BYTES = 1 << 10;
/** Sequences and tables; every other value of a header is short. */
const LARGE = /Sequence$|^LUTData$|^ExtendedOffsetTable$/;

/** What the walk over a file keeps of its top level: tag -> the most bytes that its value may have. */
export const WANTED: ReadonlyMap<number, number> = new Map(
  Object.entries(TAG).map(([keyword, tag]) => [tag, LARGE.test(keyword) ? LARGE_BYTES : SMALL_BYTES]),
);
