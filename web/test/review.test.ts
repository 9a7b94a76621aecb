import type { Polygon } from 'geojson';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { DistrictShapes, Venue } from '../src/api';
import { setLanguage } from '../src/i18n';
import { labelOf } from '../src/review/actions';
import { ANSWERS, type Card, createClient, KINDS, type Question } from '../src/review/api';
import { lines, pieces, sameText } from '../src/review/compare';
import { findVenues } from '../src/review/dialogs';
import { type Command, commandOf, type Key } from '../src/review/keys';
import { circle, contains, degreeMetres, distance, shifted } from '../src/review/measure';
import { message } from '../src/review/message';
import { oddity, startOf } from '../src/review/mover';
import { givenWith, headline, outcome, records, takenOver } from '../src/review/naming';
import {
  countKinds,
  following,
  formatView,
  grouped,
  order,
  parseView,
  step,
  type View,
} from '../src/review/queue';
import { takeToken } from '../src/review/session';
import { spotsOf } from '../src/review/spots';
import { metres, say, WORDS, type Word } from '../src/review/words';

const card = (change: Partial<Card> = {}): Card => ({
  venue_id: 'R1',
  name_zh: '国家自然博物馆',
  name_en: null,
  aliases: [],
  kind: 'base',
  adcode: '110101',
  district_zh: '东城区',
  address_zh: '天桥南大街126号',
  phone: '010-67024431',
  status: null,
  lon: null,
  lat: null,
  precision_m: null,
  standing: 'pending',
  source: '科普基地',
  stated_on: '2026-11-01',
  row: null,
  ...change,
});

const question = (change: Partial<Question> = {}): Question => ({
  id: 'aaaaaaaaaaaa',
  kind: 'new',
  title_zh: '是否确有此场馆？',
  title_en: 'Does this venue exist?',
  adcode: '110101',
  district_zh: '东城区',
  venues: [card()],
  reasons: [],
  score: null,
  candidates: [],
  answers: ['accept', 'reject', 'move', 'merge', 'ask'],
  state: 'open',
  reply: null,
  list_title: '科普基地',
  merged_id: null,
  ...change,
});

const view = (change: Partial<View> = {}): View => ({
  state: 'open',
  kind: null,
  district: null,
  question: null,
  ...change,
});

afterEach(() => {
  setLanguage('zh');
  vi.unstubAllGlobals();
});

describe('the words', () => {
  const { zh, en } = WORDS;
  const words = Object.keys(zh) as Word[];
  const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

  test.each(words)('%s is said in both languages, with the same holes', (word) => {
    expect(zh[word].trim()).not.toBe('');
    expect(en[word].trim()).not.toBe('');
    expect(holes(en[word])).toEqual(holes(zh[word]));
  });

  test('the English has no Chinese in it', () => {
    expect(words.filter((word) => /\p{Script=Han}/u.test(en[word]))).toEqual([]);
    expect(Object.keys(en).sort()).toEqual([...words].sort());
  });

  test('lengths are told as people read them', () => {
    expect([metres(61.6), metres(999.4), metres(48_512)]).toEqual([
      '约 62 米',
      '约 999 米',
      '约 48.5 公里',
    ]);
  });
});

describe('a key', () => {
  const key = (name: string, more: Partial<Key> = {}): Key => ({
    key: name,
    code: `Key${name.toUpperCase()}`,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    shiftKey: false,
    repeat: false,
    ...more,
  });
  const told = (name: string, more: Partial<Key> = {}, moving = false) =>
    commandOf(key(name, more), moving);

  test.each([
    ['j', { do: 'next' }],
    ['k', { do: 'previous' }],
    ['ArrowDown', { do: 'next' }],
    ['ArrowUp', { do: 'previous' }],
    ['a', { do: 'answer', answer: 'accept' }],
    ['r', { do: 'answer', answer: 'reject' }],
    ['m', { do: 'answer', answer: 'merge' }],
    ['p', { do: 'answer', answer: 'move' }],
    ['s', { do: 'answer', answer: 'split' }],
    ['d', { do: 'answer', answer: 'ask' }],
    ['u', { do: 'undo' }],
    ['?', { do: 'help' }],
    ['3', { do: 'candidate', index: 2 }],
    ['A', { do: 'answer', answer: 'accept' }],
    ['x', null],
    ['Enter', null],
    ['Tab', null],
  ] as [string, Command | null][])('%s', (name, command) => {
    expect(told(name)).toEqual(command);
  });

  test.each(['ctrlKey', 'metaKey', 'altKey'] as const)('with %s belongs to the browser', (held) => {
    expect(told('a', { [held]: true })).toBeNull();
  });

  test('held down turns pages but decides nothing twice', () => {
    expect(told('j', { repeat: true })).toEqual({ do: 'next' });
    expect(told('m', { repeat: true })).toBeNull();
    expect(told('u', { repeat: true })).toBeNull();
  });

  test('means the same below a Chinese input method', () => {
    expect(told('Process', { code: 'KeyM' })).toEqual({ do: 'answer', answer: 'merge' });
    expect(told('Process', { code: 'Slash', shiftKey: true })).toEqual({ do: 'help' });
    expect(told('Process', { code: 'Slash' })).toBeNull();
    expect(told('？')).toEqual({ do: 'help' });
    expect(told('ａ')).toEqual({ do: 'answer', answer: 'accept' });
  });

  test('while the pin moves, arrows move it and nothing else is decided', () => {
    expect(told('ArrowUp', {}, true)).toEqual({ do: 'nudge', to: 'north', metres: 10 });
    const far = { do: 'nudge', to: 'west', metres: 100 };
    expect(told('ArrowLeft', { shiftKey: true }, true)).toEqual(far);
    expect(told('Enter', {}, true)).toEqual({ do: 'confirm' });
    expect(told('Escape', {}, true)).toEqual({ do: 'cancel' });
    expect(told('2', {}, true)).toEqual({ do: 'candidate', index: 1 });
    for (const letter of 'jkarmpsdu?') expect(told(letter, {}, true)).toBeNull();
  });

  test('alone does nothing where single keys are switched off', () => {
    expect(commandOf(key('m'), false, false)).toBeNull();
    expect(commandOf(key('ArrowDown'), false, false)).toEqual({ do: 'next' });
    expect(commandOf(key('Enter'), true, false)).toEqual({ do: 'confirm' });
  });
});

describe('the queue', () => {
  const list = [
    question({ id: 'datum', kind: 'datum', adcode: null, district_zh: null }),
    question({ id: 'far', adcode: '110119', district_zh: '延庆区' }),
    question({ id: 'asked', state: 'asked' }),
    question({ id: 'near' }),
    question({ id: 'place', kind: 'place' }),
  ];

  test('goes by district, the asked below, lists of no district last', () => {
    const groups = grouped(list, view());
    expect(groups.map((group) => group.adcode)).toEqual(['110101', '110119', '']);
    expect(order(groups)).toEqual(['near', 'place', 'asked', 'far', 'datum']);
  });

  test('can be narrowed to a kind and a district', () => {
    expect(order(grouped(list, view({ kind: 'place' })))).toEqual(['place']);
    expect(order(grouped(list, view({ district: '110119' })))).toEqual(['far']);
    expect(order(grouped(list, view({ district: '' })))).toEqual(['datum']);
    expect(countKinds(list)).toEqual({ same: 0, new: 3, place: 1, datum: 1 });
  });

  test('shows what was settled last first', () => {
    const reply = (receipt: number) => ({
      answer: 'accept' as const,
      values: {},
      who: '',
      at: '',
      why: '',
      receipt,
    });
    const settled = [3, 9, 4].map((n) => question({ id: `${n}`, reply: reply(n) }));
    expect(order(grouped(settled, view({ state: 'answered' })))).toEqual(['9', '4', '3']);
  });

  test('is walked within its ends', () => {
    const ids = ['a', 'b', 'c'];
    expect([step(ids, 'a', 1), step(ids, 'c', 1), step(ids, 'a', -1)]).toEqual(['b', 'c', 'a']);
    expect([step(ids, null, 1), step(ids, 'gone', -1), step([], 'a', 1)]).toEqual(['a', 'a', null]);
  });

  test('moves on to who followed the settled one, else to who stood before', () => {
    const before = ['a', 'b', 'c', 'd'];
    expect(following(before, 'b', ['a', 'c', 'd'])).toBe('c');
    expect(following(before, 'b', ['a', 'd'])).toBe('d'); // c was settled along with it
    expect(following(before, 'd', ['a', 'b', 'c'])).toBe('c');
    expect(following(before, 'a', ['new'])).toBe('new');
    expect(following(before, 'a', [])).toBeNull();
  });

  test.each([
    view(),
    view({ state: 'answered', kind: 'same', district: '110108', question: '0123456789ab' }),
    view({ district: '' }),
  ])('is in the link', (each) => {
    expect(parseView(formatView(each))).toEqual(each);
  });

  test('a link with nonsense is the default', () => {
    expect(parseView('?state=x&kind=y&question=')).toEqual(view());
    expect(formatView(view())).toBe('');
  });
});

describe('lengths on the ellipsoid', () => {
  // Published lengths of a degree on WGS84, km.
  test.each([
    [0, 110.574, 111.32],
    [45, 111.132, 78.847],
    [60, 111.412, 55.8],
  ])('of a degree at %d°', (lat, north, east) => {
    const one = degreeMetres(lat);
    expect(one.lat / 1000).toBeCloseTo(north, 2);
    expect(one.lon / 1000).toBeCloseTo(east, 2);
  });

  // By pyproj's geodesic (Karney), metres.
  test.each([
    [116.3936, 39.8826, 116.3941, 39.883, 61.658],
    [115.9821, 39.7203, 116.5, 39.9, 48_629.232],
    [115.5, 39.5, 117.4, 41.0, 232_096.14],
  ])('from %d, %d to %d, %d', (lon, lat, lon2, lat2, expected) => {
    const found = distance({ lon, lat }, { lon: lon2, lat: lat2 });
    expect(Math.abs(found - expected) / expected).toBeLessThan(6e-5);
  });

  test('a circle has its radius all around and closes', () => {
    const centre = { lon: 116.4, lat: 40.2 };
    const ring = circle(centre, 2000);
    expect(ring[0]).toEqual(ring.at(-1));
    for (const [lon = 0, lat = 0] of ring) {
      expect(Math.abs(distance(centre, { lon, lat }) - 2000)).toBeLessThan(1);
    }
  });

  test('a shift goes where it says', () => {
    const from = { lon: 116.4, lat: 39.9 };
    const to = shifted(from, 30, -40);
    expect(distance(from, to)).toBeCloseTo(50, 2);
    expect(to.lon).toBeGreaterThan(from.lon);
    expect(to.lat).toBeLessThan(from.lat);
  });
});

const box = (west: number, south: number, east: number, north: number) => [
  [west, south],
  [east, south],
  [east, north],
  [west, north],
  [west, south],
];

describe('a place in a polygon', () => {
  const shape: Polygon = { type: 'Polygon', coordinates: [box(0, 0, 10, 10), box(4, 4, 6, 6)] };

  test.each([
    [1, 1, true],
    [5, 5, false],
    [11, 5, false],
    [-1, 4, false],
    [7, 5, true],
  ])('%d, %d: %s', (lon, lat, inside) => {
    expect(contains(shape, { lon, lat })).toBe(inside);
  });

  test('one of several parts is enough', () => {
    const parts = {
      type: 'MultiPolygon' as const,
      coordinates: [[box(20, 0, 21, 1)], shape.coordinates],
    };
    expect(contains(parts, { lon: 20.5, lat: 0.5 })).toBe(true);
    expect(contains(parts, { lon: 1, lat: 1 })).toBe(true);
    expect(contains(parts, { lon: 15, lat: 0.5 })).toBe(false);
  });
});

describe('two records line by line', () => {
  test('differ where both say something else, whatever the width and case', () => {
    const other = card({ name_zh: '北京自然博物馆', phone: '０１０-67024431 ', address_zh: null });
    const found = lines([card({ name_en: 'Museum' }), other]);
    const differs = Object.fromEntries(found.map((line) => [line.label, line.differs]));
    expect(differs).toEqual({
      name_zh: true,
      name_en: false,
      kind: false,
      district: false,
      address: false,
      phone: false,
      source: false,
    });
    expect(sameText('Ａ b', 'ab')).toBe(true);
  });

  /** The longest common subsequence by trying every choice. */
  const longest = (a: string, b: string): number => {
    if (!a || !b) return 0;
    if (a[0] === b[0]) return 1 + longest(a.slice(1), b.slice(1));
    return Math.max(longest(a.slice(1), b), longest(a, b.slice(1)));
  };

  test.each([
    ['中关村南大街5号', '中关村南大街6号院'],
    ['国家自然博物馆', '北京自然博物馆'],
    ['abcabba', 'cbabac'],
    ['xyz', 'abc'],
    ['', 'a'],
    ['aab', 'aab'],
  ])('%s against %s: what is shared is as long as can be', (a, b) => {
    const found = pieces(a, b);
    expect(found.map((piece) => piece.text).join('')).toBe(a);
    const shared = found.filter((piece) => !piece.own).map((piece) => piece.text);
    expect(shared.join('').length).toBe(longest(a, b));
    const pattern = shared.map((text) => text.split('').join('.*')).join('.*');
    expect(b).toMatch(new RegExp(pattern));
  });

  test('very long texts are told apart as a whole', () => {
    const long = 'x'.repeat(500);
    expect(pieces(long, 'x')).toEqual([{ text: long, own: true }]);
  });
});

describe('what a question is called', () => {
  test('by its venues, each once; a list by its title', () => {
    const two = [card(), card({ venue_id: 'V1', name_zh: '北京自然博物馆' })];
    expect(headline(question({ venues: two }))).toBe('国家自然博物馆 ／ 北京自然博物馆');
    expect(headline(question({ venues: [card(), card()] }))).toBe('国家自然博物馆');
    expect(records(question({ venues: [card(), card()] }))).toHaveLength(1);
    expect(headline(question({ kind: 'datum' }))).toBe('科普基地');
  });

  test('every answer of every kind has words for its button and its outcome', () => {
    const takes = {
      same: ['merge', 'reject', 'ask'],
      new: ['accept', 'reject', 'move', 'merge', 'ask'],
      place: ['accept', 'move', 'reject', 'ask'],
      datum: ['accept', 'reject', 'ask'],
    } as const;
    for (const kind of KINDS) {
      const asked = question({ kind });
      const labelled = ANSWERS.filter((answer) => labelOf(asked, answer) !== null);
      expect(labelled.toSorted()).toEqual(takes[kind].toSorted());
      for (const answer of takes[kind]) {
        expect(outcome(asked, answer)).toMatch(/\p{Script=Han}/u);
      }
    }
  });

  test('a settled one can only be parted, where it ended in a merge', () => {
    const settled = question({ kind: 'same', state: 'answered' });
    expect(ANSWERS.filter((answer) => labelOf(settled, answer))).toEqual([]);
    const merged = { ...settled, merged_id: 'R1' };
    expect(ANSWERS.filter((answer) => labelOf(merged, answer))).toEqual(['split']);
  });

  test('what an answer was given with', () => {
    const reply = { answer: 'move', who: '', at: '', why: '', receipt: 1 } as const;
    expect(givenWith({ ...reply, values: { lat: 39.9, lon: 116.4 } })).toBe('116.4, 39.9');
    expect(givenWith({ ...reply, values: { into: 'V1' } })).toBe('V1');
    expect(givenWith({ ...reply, values: {} })).toBe('');
  });
});

const candidate = (precision_m: number, usable: boolean, lon = 116.4) => ({
  lon,
  lat: 39.9,
  precision_m,
  usable,
  label_zh: '',
  label_en: '',
});

describe('the position accepting takes over', () => {
  const [rough, fine, unsure] = [candidate(400, true), candidate(50, true), candidate(5, false)];
  const candidates = [rough, fine, unsure];

  test('is the finest that may stand unseen; of a doubtful one the finest of all', () => {
    expect(takenOver(question({ candidates }))).toBe(fine);
    expect(takenOver(question({ candidates, kind: 'place' }))).toBe(unsure);
  });

  test('is none where the venue has one, or nothing is accepted', () => {
    expect(takenOver(question({ candidates, venues: [card({ lon: 1, lat: 2 })] }))).toBeNull();
    expect(takenOver(question({ candidates, answers: ['reject'] }))).toBeNull();
    expect(takenOver(question())).toBeNull();
  });
});

const shapes: DistrictShapes = {
  type: 'FeatureCollection',
  features: [
    ['110101', '东城区', 116, 39],
    ['110105', '朝阳区', 117, 39],
  ].map(([adcode, name_zh, west, south]) => ({
    type: 'Feature',
    geometry: {
      type: 'Polygon',
      coordinates: [box(Number(west), Number(south), Number(west) + 1, Number(south) + 1)],
    },
    properties: {
      adcode: String(adcode),
      name_zh: String(name_zh),
      name_en: '',
      label_lon: Number(west) + 0.5,
      label_lat: Number(south) + 0.5,
    },
  })),
};

describe('the pin', () => {
  test('starts on the record, else on a possible position, else in the district', () => {
    const candidates = [candidate(50, true, 116.2)];
    const placed = [card({ lon: 116.1, lat: 39.2 })];
    expect(startOf(question({ venues: placed, candidates }), shapes).lon).toBe(116.1);
    expect(startOf(question({ candidates }), shapes).lon).toBe(116.2);
    expect(startOf(question({ adcode: '110105' }), shapes)).toEqual({ lon: 117.5, lat: 39.5 });
  });

  test('tells when it leaves the district', () => {
    expect(oddity(question(), { lon: 116.5, lat: 39.5 }, shapes)).toBeNull();
    expect(oddity(question(), { lon: 117.5, lat: 39.5 }, shapes)).toBe(
      say('outside', { there: '朝阳区', here: '东城区' }),
    );
    expect(oddity(question(), { lon: 110, lat: 39.5 }, shapes)).toBe(say('outside_area'));
    expect(oddity(question({ adcode: null }), { lon: 117.5, lat: 39.5 }, shapes)).toBeNull();
  });

  test('records are lettered, other positions numbered', () => {
    const venues = [card({ lon: 1, lat: 2 }), card({ venue_id: 'V1', lon: 3, lat: 4 })];
    const spots = spotsOf(question({ venues, candidates: [candidate(1, true)] }));
    expect(spots.map((spot) => spot.mark)).toEqual(['A', 'B', '1']);
    expect(spotsOf(question())).toEqual([]);
  });
});

describe('the message to the district', () => {
  const row = { file: '基地.xlsx', sheet: '城区', row: 7, raw: {} };

  test.each(['zh', 'en'] as const)('names the rows in Chinese on a page in %s', (lang) => {
    setLanguage(lang);
    const asked = question({
      reasons: [{ zh: '名称相近', en: 'similar names' }],
      venues: [card({ row }), card({ venue_id: 'V1', name_zh: '北京自然博物馆' })],
    });
    const text = message(asked, '王审核', '2026-11-22');
    for (const part of [
      '东城区科协',
      '1. 名称相近',
      'A. 国家自然博物馆（基地.xlsx〔城区〕第 7 行，编号 R1）',
      'B. 北京自然博物馆（科普基地，编号 V1）',
      '地址：天桥南大街126号',
      '电话：010-67024431',
      '王审核',
      '2026-11-22',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain('similar');
  });

  test('a whole list is told by its first records', () => {
    const venues = Array.from({ length: 9 }, (_, i) => card({ venue_id: `R${i}` }));
    const text = message(question({ kind: 'datum', venues }), '', '');
    expect(text).toContain('……等 9 条');
    expect(text).not.toContain('编号 R4');
  });
});

describe('the venue it really is', () => {
  const venue = (venue_id: string, name_zh: string, adcode: string) =>
    ({ venue_id, name_zh, name_en: 'Hall', adcode }) as Venue;
  const venues = [
    venue('V1', '科技馆', '110105'),
    venue('V2', '东城科技馆', '110101'),
    venue('V3', '动物园', '110101'),
  ];

  test('is found by name or id, the district first', () => {
    const ids = (text: string) => findVenues(venues, text, '110101').map((each) => each.venue_id);
    expect(ids('科技')).toEqual(['V2', 'V1']);
    expect(ids('ｖ3')).toEqual(['V3']);
    expect(ids('HALL')).toHaveLength(3);
    expect(ids('没有')).toEqual([]);
  });
});

describe('the token', () => {
  const browser = (hash: string, kept: string | null) => {
    const stored = new Map(kept ? [['venuenet.review.token', kept]] : []);
    const replaceState = vi.fn();
    vi.stubGlobal('location', { hash, pathname: '/review', search: '?kind=new' });
    vi.stubGlobal('history', { replaceState });
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
    });
    return { stored, replaceState };
  };

  test('is taken out of the address and kept for the window', () => {
    const { stored, replaceState } = browser('#token=a-B_c', null);
    expect(takeToken()).toBe('a-B_c');
    expect([...stored.values()]).toEqual(['a-B_c']);
    expect(replaceState).toHaveBeenCalledWith(null, '', '/review?kind=new');
  });

  test('a reload keeps it, a new one replaces it', () => {
    browser('', 'old');
    expect(takeToken()).toBe('old');
    browser('#token=new', 'old');
    expect(takeToken()).toBe('new');
  });
});

describe('a request', () => {
  const answering = (status: number, body: unknown) => {
    const fetch = vi.fn(async () => new Response(JSON.stringify(body), { status }));
    vi.stubGlobal('fetch', fetch);
    return fetch;
  };

  test('carries the token in its header, never in its address', async () => {
    const fetch = answering(200, { items: [] });
    await createClient('secret').questions('open');
    const [path, init] = fetch.mock.calls[0] as unknown as [string, RequestInit];
    expect(path).toBe('review/questions?state=open');
    expect(init.method).toBe('GET');
    expect(init.headers).toMatchObject({ 'X-Venuenet-Token': 'secret' });
  });

  test('of a decision says who, why and with which values', async () => {
    const fetch = answering(200, {});
    await createClient('secret').decide('0a', 'move', '王', '', { lon: 1, lat: 2 });
    const [path, init] = fetch.mock.calls[0] as unknown as [string, RequestInit];
    expect(path).toBe('review/questions/0a');
    expect(init.headers).toMatchObject({ 'Content-Type': 'application/json' });
    expect(JSON.parse(String(init.body))).toEqual({
      answer: 'move',
      who: '王',
      why: '',
      values: { lon: 1, lat: 2 },
    });
  });

  test('refused tells the problem, unanswered tells what to do', async () => {
    answering(409, { title: '已更改', detail: '请重试' });
    await expect(createClient('x').undo(3, '王', '')).rejects.toMatchObject({
      problem: { status: 409, title: '已更改' },
    });
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError()));
    await expect(createClient('x').split('R1', '王', '')).rejects.toMatchObject({
      problem: { status: 0, title: '连接不到服务' },
    });
  });
});
