/** Rounding as the Python side does it, so that both languages write the same numbers. */

/** Digits beyond the last place that tell a tie: a tie ends with its five. */
const TAIL_DIGITS = 30;
const TIE = `5${"0".repeat(TAIL_DIGITS - 1)}`;

/** Round to some decimal places, exact ties to the even digit. */
export function rounded(value: number, places: number): number {
  const nearest = value.toFixed(places);
  const exact = value.toFixed(places + TAIL_DIGITS);
  const down = exact.slice(0, -TAIL_DIGITS);
  const isTie = exact.endsWith(TIE) && /[02468]\.?$/.test(down);
  return Number(isTie ? down : nearest);
}

/** Round to the nearest whole number, halves to the even one. */
export function roundHalfEven(value: number): number {
  const whole = Math.round(value);
  return whole - value === 0.5 && whole % 2 !== 0 ? whole - 1 : whole;
}
