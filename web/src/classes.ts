/** The fixed classes of coverage and the order of the table: pure functions, tested. */

import type { DistrictRow } from './api';
import type { Sort } from './state';

/** Lower bounds; a share exactly on a bound belongs to the class above it. */
export const BREAKS = [0, 0.2, 0.4, 0.6, 0.8] as const;

/** From few to many people covered; lightness falls evenly, so it also reads in grey. */
export const COLOURS = ['#f3ecd8', '#c2dbca', '#8fc1c0', '#4b93ad', '#1d5a80'] as const;

export const NO_DATA_COLOUR = '#eceeee';

/** Class 0..4 of a share, or null where there is no data. */
export function classOf(share: number | null | undefined): number | null {
  if (share === null || share === undefined || Number.isNaN(share)) return null;
  return Math.max(
    0,
    BREAKS.findLastIndex((lower) => share >= lower),
  );
}

export function colourOf(share: number | null | undefined): string {
  const index = classOf(share);
  return index === null ? NO_DATA_COLOUR : (COLOURS[index] ?? NO_DATA_COLOUR);
}

/** Sort rows; those without the number come last, ties keep the administrative order. */
export function sortRows(rows: readonly DistrictRow[], sort: Sort): DistrictRow[] {
  const sign = sort.descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const tie = a.adcode.localeCompare(b.adcode);
    if (sort.key === 'adcode') return sign * tie;
    const [x, y] = [a[sort.key], b[sort.key]];
    if (x === null || y === null) return x === y ? tie : x === null ? 1 : -1;
    return sign * (x - y) || tie;
  });
}

/** Place among the districts by share, 1 = best covered; null without data. */
export function rankOf(rows: readonly DistrictRow[], adcode: string): number | null {
  const share = rows.find((row) => row.adcode === adcode)?.share;
  if (share === null || share === undefined) return null;
  return 1 + rows.filter((row) => row.share !== null && row.share > share).length;
}
