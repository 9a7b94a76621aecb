/** The places a question speaks of, as the map marks them. Pure. */

import type { Place, Question } from './api';
import { records } from './naming';
import { COLOURS } from './style';

/** Records of a question are marked with letters, other possible positions with numbers. */
export const MARKS = 'ABCDEFGH';

export interface Spot extends Place {
  mark: string;
  look: string;
  colour: string;
  precision_m: number | null;
}

/** The places of the records, then what else the venue's position may be. */
export function spotsOf(question: Question): Spot[] {
  const own = records(question).flatMap((card, index): Spot[] =>
    card.lon === null || card.lat === null
      ? []
      : [
          {
            lon: card.lon,
            lat: card.lat,
            mark: MARKS.charAt(index),
            look: index === 0 ? 'left' : 'right',
            colour: COLOURS[Math.min(index, 2)] ?? COLOURS[2],
            precision_m: card.precision_m,
          },
        ],
  );
  const others = question.candidates.map(
    ({ lon, lat, precision_m }, index): Spot => ({
      lon,
      lat,
      mark: String(index + 1),
      look: 'above',
      colour: COLOURS[2],
      precision_m,
    }),
  );
  return [...own, ...others];
}
