/** Two records line by line: what each says, and where they differ. Pure. */

import { tCode } from '../i18n';
import type { Card } from './api';
import { say, type Word } from './words';

export interface Line {
  label: Word;
  values: string[];
  /** All say something and not all the same. */
  differs: boolean;
}

/** Compared without regard to width, case and blanks, which lists write as they like. */
const plain = (text: string) => text.normalize('NFKC').toLowerCase().replace(/\s+/g, '');

export function sameText(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

export function placeText(card: Card): string {
  if (card.lon === null || card.lat === null) return '';
  const at = `${card.lon.toFixed(5)}, ${card.lat.toFixed(5)}`;
  return card.precision_m === null ? at : `${at} ±${Math.round(card.precision_m)} m`;
}

const FIELDS: readonly (readonly [Word, (card: Card) => string])[] = [
  ['name_zh', (c) => c.name_zh ?? ''],
  ['name_en', (c) => c.name_en ?? ''],
  ['aliases', (c) => c.aliases.join('、')],
  ['kind', (c) => (c.kind ? tCode('kind', c.kind) : '')],
  ['district', (c) => c.district_zh ?? ''],
  ['address', (c) => c.address_zh ?? ''],
  ['phone', (c) => c.phone ?? ''],
  ['status', (c) => (c.status ? tCode('status', c.status) : '')],
  ['position', placeText],
  ['source', (c) => [c.source, c.stated_on].filter(Boolean).join(say('comma'))],
];

/** Lines of which nobody expects that two lists agree. */
const ALWAYS_OWN: readonly Word[] = ['source', 'position'];

/** What the cards say, field by field; fields nobody fills are left out. */
export function lines(cards: readonly Card[]): Line[] {
  return FIELDS.map(([label, read]) => {
    const values = cards.map(read);
    const [first = '', ...others] = values;
    const differs =
      !ALWAYS_OWN.includes(label) &&
      values.every(Boolean) &&
      others.some((other) => !sameText(first, other));
    return { label, values, differs };
  }).filter((line) => line.values.some(Boolean));
}

export interface Piece {
  text: string;
  own: boolean;
}

/** Longer texts are not worth comparing letter by letter. */
const MAX_LETTERS = 400;

/** Split a text into what it shares, in order, with another and what is its own. */
export function pieces(text: string, other: string): Piece[] {
  const a = [...text];
  const b = [...other];
  if (a.length > MAX_LETTERS || b.length > MAX_LETTERS) return [{ text, own: true }];
  // Longest common subsequence of what is left from (i, j) on.
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  const alike = (i: number, j: number) => plain(a[i] ?? '') === plain(b[j] ?? '');
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] = alike(i, j)
        ? at(i + 1, j + 1) + 1
        : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: Piece[] = [];
  let j = 0;
  a.forEach((letter, i) => {
    while (j < b.length && !alike(i, j) && at(i, j + 1) === at(i, j)) j += 1;
    const shared = j < b.length && alike(i, j);
    if (shared) j += 1;
    const last = found.at(-1);
    if (last && last.own === !shared) last.text += letter;
    else found.push({ text: letter, own: !shared });
  });
  return found;
}
