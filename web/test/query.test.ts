import { describe, expect, test } from 'vitest';
import { paths, problemOf, question } from '../src/api';
import {
  clampMinutes,
  DEFAULTS,
  formatState,
  gapsShown,
  parseState,
  type State,
} from '../src/state';

const state = (change: Partial<State>): State => ({ ...DEFAULTS, ...change });

describe('the question put to the server', () => {
  test('names mode, minutes, kinds and group', () => {
    expect(question(DEFAULTS).toString()).toBe('mode=transit&minutes=45&kinds=science&group=all');
  });

  test('a standard excludes mode, minutes and kinds', () => {
    const query = question(state({ standard: 'walk15', mode: 'drive', minutes: 99, kinds: 'all' }));
    expect(query.toString()).toBe('standard=walk15&group=all');
  });

  test('surface transit is asked for only when ticked', () => {
    expect(question(DEFAULTS).has('surface_transit')).toBe(false);
    expect(question(state({ surface: true })).get('surface_transit')).toBe('true');
  });

  test('surface transit belongs to transit: other modes never carry it', () => {
    expect(question(state({ surface: true, mode: 'walk' })).has('surface_transit')).toBe(false);
  });

  test('every address is relative, so the page works below any path', () => {
    const all = [
      paths.coverage(DEFAULTS),
      paths.district(DEFAULTS, '110101'),
      paths.gaps(DEFAULTS, '110101'),
      paths.gapShapes(DEFAULTS, null),
      paths.report(DEFAULTS, '110101'),
      paths.workbook(DEFAULTS, '110101'),
      paths.venues,
      paths.standards,
      paths.districts,
      paths.subway,
    ];
    for (const path of all) expect(path).toMatch(/^[a-z]/);
    expect(all.join()).not.toContain('//');
  });

  test('the download of a district asks the very question on the screen', () => {
    expect(paths.gapShapes(state({ minutes: 30 }), '110108')).toBe(
      'gaps.geojson?district=110108&mode=transit&minutes=30&kinds=science&group=all',
    );
  });
});

describe('the state in the link', () => {
  test('an empty link is the default', () => {
    expect(parseState('')).toEqual(DEFAULTS);
  });

  test('what is written is read back', () => {
    const everything = state({
      lang: 'en',
      mode: 'walk',
      minutes: 20,
      group: 'seniors',
      kinds: 'all',
      surface: true,
      district: '110114',
      hidden: ['subway', 'other'],
      gaps: false,
      sort: { key: 'people', descending: false },
    });
    expect(parseState(formatState(everything))).toEqual(everything);
    expect(parseState(formatState(DEFAULTS))).toEqual(DEFAULTS);
    const named = state({ standard: 'choice60', district: '110101' });
    expect(parseState(formatState(named))).toEqual(named);
  });

  test('a link with a standard says no minutes: the standard does', () => {
    expect(formatState(state({ standard: 'walk15', mode: 'drive', minutes: 99 }))).toBe(
      '?lang=zh&standard=walk15',
    );
  });

  test('nonsense keeps the default', () => {
    expect(
      parseState('?lang=fr&mode=fly&minutes=abc&kinds=x&hide=roof&sort=-luck&district='),
    ).toEqual(DEFAULTS);
  });

  test('the link decides the language before what the browser remembers', () => {
    expect(parseState('?lang=zh', 'en').lang).toBe('zh');
    expect(parseState('', 'en').lang).toBe('en');
    expect(parseState('', 'xx').lang).toBe('zh');
  });

  test.each([
    [4, 5],
    [5, 5],
    [47.4, 47],
    [120, 120],
    [500, 120],
    [Number.NaN, 45],
  ])('minutes %d become %d', (given, kept) => {
    expect(clampMinutes(given)).toBe(kept);
  });

  test('gap zones follow the selection until the reader decides', () => {
    expect(gapsShown(DEFAULTS)).toBe(false);
    expect(gapsShown(state({ district: '110101' }))).toBe(true);
    expect(gapsShown(state({ district: '110101', gaps: false }))).toBe(false);
    expect(gapsShown(state({ gaps: true }))).toBe(true);
  });
});

describe('refusals', () => {
  test('a problem is kept word for word', () => {
    const problem = problemOf(422, {
      title: '参数有误',
      title_en: 'Bad parameter',
      detail: '没有这个标准',
      detail_en: 'No such standard',
      param: 'standard',
      allowed: ['walk15'],
    });
    expect(problem).toMatchObject({
      title: '参数有误',
      detail_en: 'No such standard',
      status: 422,
    });
    expect(problem.allowed).toEqual(['walk15']);
  });

  test('an answer that is no problem still gets words in both languages', () => {
    const problem = problemOf(502, null);
    expect(problem.detail).toContain('502');
    expect(problem.detail_en).toContain('502');
  });
});
