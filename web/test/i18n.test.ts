import { describe, expect, test } from 'vitest';
import { DICTIONARIES, type Key, translate } from '../src/i18n';
import { GROUPS, MODES, VENUE_KINDS } from '../src/state';
import { flagText, learnFlags } from '../src/words';

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

  test('holes are filled, unknown ones stay visible', () => {
    expect(translate('en', 'minutes_value', { n: '4.5' })).toBe('4.5 min');
    expect(translate('zh', 'minutes_value')).toBe('{n} 分钟');
  });
});
