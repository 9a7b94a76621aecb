import { describe, expect, test } from 'vitest';
import { DICTIONARIES, type Key, translate } from '../src/i18n';
import { GROUPS, MODES, VENUE_KINDS } from '../src/state';
import {
  flagText,
  learnFlags,
  learnTravel,
  modeText,
  surfaceCompares,
  travellerText,
} from '../src/words';

const { zh, en } = DICTIONARIES;
const keys = Object.keys(zh) as Key[];
const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

describe('both languages', () => {
  test('have the same keys', () => {
    expect(Object.keys(en).sort()).toEqual([...keys].sort());
  });

  test.each(keys)('%s is said in both, with the same holes', (key) => {
    expect(zh[key].trim()).not.toBe('');
    expect(en[key].trim()).not.toBe('');
    expect(holes(en[key])).toEqual(holes(zh[key]));
  });

  test('English has no Chinese left in it, but for the switch to Chinese', () => {
    const left = keys.filter((key) => key !== 'other_language' && /\p{Script=Han}/u.test(en[key]));
    expect(left).toEqual([]);
  });

  test('every code the page offers has a word', () => {
    const wanted = [
      ...MODES.flatMap((mode) => [`mode_${mode}`, `mode_${mode}_short`]),
      ...VENUE_KINDS.map((kind) => `kind_${kind}`),
      ...GROUPS.map((group) => `group_${group}`),
    ];
    expect(wanted.filter((key) => !(key in zh))).toEqual([]);
  });

  test("a flag is told in the server's words, an unknown one by its code", () => {
    learnFlags({ placeholder: ['占位记录', 'a placeholder'] });
    expect([flagText('placeholder'), flagText('another')]).toEqual(['占位记录', 'another']);
  });

  test('a mode is named by what its times rest on', () => {
    const estimate = { basis: 'headways', estimated: true };
    const drive = { basis: 'straight', estimated: true };
    learnTravel({ modes: { transit: estimate, drive }, traveller: null });
    expect([modeText('transit'), modeText('drive'), modeText('drive', '_short')]).toEqual([
      '公共交通（轨道）',
      '驾车（估算）',
      '驾车（估算）',
    ]);
    expect(surfaceCompares()).toBe(true);
    const onStreets = { basis: 'streets', estimated: false };
    const feed = { basis: 'feed', estimated: false };
    learnTravel({ modes: { transit: feed, drive: onStreets }, traveller: null });
    expect([modeText('walk'), modeText('transit'), modeText('drive')]).toEqual([
      '步行',
      '公共交通（导入班次）',
      '驾车',
    ]);
    expect(surfaceCompares()).toBe(false);
    learnTravel({ modes: { transit: { ...estimate, estimated: false } }, traveller: null });
    expect(surfaceCompares()).toBe(false);
  });

  test('only a traveller who is not an adult is named in the title', () => {
    learnTravel({ modes: {}, traveller: null });
    expect(travellerText()).toBe('');
    learnTravel({ modes: {}, traveller: ['出行者：老年人', 'traveller: senior'] });
    expect(travellerText()).toBe(' · 出行者：老年人');
  });

  test('holes are filled, unknown ones stay visible', () => {
    expect(translate('en', 'minutes_value', { n: '4.5' })).toBe('4.5 min');
    expect(translate('zh', 'minutes_value')).toBe('{n} 分钟');
  });
});
