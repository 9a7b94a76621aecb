import { describe, expect, test } from 'vitest';
import type { DistrictRow } from '../src/api';
import {
  BREAKS,
  COLOURS,
  classOf,
  colourOf,
  NO_DATA_COLOUR,
  rankOf,
  sortRows,
} from '../src/classes';
import { ownFlags } from '../src/district';
import * as f from '../src/format';
import { boundsOf } from '../src/geo';
import { whatFits } from '../src/labels';

const row = (adcode: string, share: number | null, people = 1): DistrictRow =>
  ({ adcode, share, people }) as DistrictRow;

describe('numbers', () => {
  test('people carry thousands separators', () => {
    expect(f.people(21893095)).toBe('21,893,095');
    expect(f.people(0)).toBe('0');
  });

  test('万人 with one decimal', () => {
    expect(f.wan(21893095)).toBe('2,189.3');
    expect(f.wan(499)).toBe('0.0');
  });

  test('shares with one decimal', () => {
    expect(f.share(0.5463)).toBe('54.6%');
    expect(f.share(1)).toBe('100.0%');
    expect(f.interval(0.5, 0.615)).toBe('50.0–61.5');
  });

  test('a share that is neither none nor all never looks so', () => {
    expect(f.share(0)).toBe('0.0%');
    expect(f.share(0.0001)).toBe('<0.1%');
    expect(f.share(0.99999)).toBe('>99.9%');
  });

  test('no data is a dash, never a zero', () => {
    for (const write of [f.people, f.wan, f.minutes, f.share, f.percent, f.km2]) {
      expect(write(null)).toBe('—');
      expect(write(undefined)).toBe('—');
    }
    expect(f.interval(null, 0.5)).toBe('—');
  });
});

describe('colour classes', () => {
  test.each([
    [0, 0],
    [0.1999, 0],
    [0.2, 1],
    [0.6, 3],
    [0.8, 4],
    [1, 4],
  ])('share %d is class %d: a bound belongs above', (share, expected) => {
    expect(classOf(share)).toBe(expected);
  });

  test('no data has no class and its own colour', () => {
    expect(classOf(null)).toBeNull();
    expect(colourOf(null)).toBe(NO_DATA_COLOUR);
    expect(COLOURS).not.toContain(NO_DATA_COLOUR);
  });

  test('lightness falls from class to class, so the map reads without colour', () => {
    const luminance = COLOURS.map((hex) => {
      const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
        const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    });
    expect(COLOURS).toHaveLength(BREAKS.length);
    for (let i = 1; i < luminance.length; i += 1) {
      expect((luminance[i - 1] ?? 0) + 0.05).toBeGreaterThan(1.2 * ((luminance[i] ?? 1) + 0.05));
    }
  });
});

describe('the table', () => {
  const rows = [row('110105', 0.5), row('110101', null), row('110102', 0.9), row('110106', 0.5)];
  const order = (descending: boolean) =>
    sortRows(rows, { key: 'share', descending }).map((each) => each.adcode);

  test('districts without data come last both ways', () => {
    expect(order(true)).toEqual(['110102', '110105', '110106', '110101']);
    expect(order(false)).toEqual(['110105', '110106', '110102', '110101']);
  });

  test('the administrative order is one of the orders', () => {
    const sorted = sortRows(rows, { key: 'adcode', descending: false });
    expect(sorted.map((each) => each.adcode)).toEqual(['110101', '110102', '110105', '110106']);
  });

  test('equal shares share a rank; no data has none', () => {
    expect(rankOf(rows, '110102')).toBe(1);
    expect(rankOf(rows, '110105')).toBe(2);
    expect(rankOf(rows, '110106')).toBe(2);
    expect(rankOf(rows, '110101')).toBeNull();
  });
});

describe('notes under the townships', () => {
  test('only what tells rows apart is numbered', () => {
    expect(ownFlags([['modelled', 'a'], ['modelled'], ['modelled', 'b', 'a']])).toEqual(['a', 'b']);
    expect(ownFlags([])).toEqual([]);
  });
});

describe('places', () => {
  test('bounds span every part of a shape', () => {
    const bounds = boundsOf(
      {
        type: 'MultiPolygon',
        coordinates: [
          [
            [
              [116, 40],
              [117, 39],
            ],
          ],
          [[[115, 41]]],
        ],
      },
      { type: 'Point', coordinates: [118, 40] },
    );
    expect(bounds).toEqual([115, 39, 118, 41]);
    expect(boundsOf()).toBeNull();
  });

  test('labels that would overlap give way to those before them', () => {
    const sizes = [40, 10, 40, 10] as const;
    const places = [
      { x: 0, y: 0, sizes },
      { x: 10, y: 4, sizes },
      { x: 0, y: 14, sizes },
      { x: 200, y: 0, sizes },
    ];
    expect(whatFits(places)).toEqual(['name', 'hidden', 'name', 'full']);
  });
});
