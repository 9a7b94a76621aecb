/** Numbers as planners write them: 1,234,567 people; 123.5 万; 56.4 %. */

/** What stands where there is no number; never a zero. */
export const NONE = '—';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en-US', {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

type Maybe = number | null | undefined;

function show(value: Maybe, write: (value: number) => string): string {
  return value === null || value === undefined || Number.isNaN(value) ? NONE : write(value);
}

export const people = (value: Maybe): string => show(value, (v) => whole.format(v));

/** Ten thousands of people (万人), one decimal, without the unit. */
export const wan = (value: Maybe): string => show(value, (v) => tenth.format(v / 10_000));

export const minutes = (value: Maybe): string => show(value, (v) => tenth.format(v));

export const km2 = (value: Maybe): string => show(value, (v) => tenth.format(v));

/**
 * A share 0..1 in per cent, one decimal, without the sign.
 * A share that is neither none nor all never looks so.
 */
export const percent = (value: Maybe): string =>
  show(value, (v) => {
    if (v > 0 && v < 0.0005) return '<0.1';
    if (v >= 0.9995 && v < 1) return '>99.9';
    return tenth.format(v * 100);
  });

export const share = (value: Maybe): string => show(value, (v) => `${percent(v)}%`);

export function interval(low: Maybe, high: Maybe): string {
  if (low === null || low === undefined || high === null || high === undefined) return NONE;
  return `${percent(low)}–${percent(high)}`;
}
