/**
 * Flags in plain words. The words come from the server, the same as the reports';
 * a code without words is shown as it is.
 */

import { h } from './dom';
import { pick, sentenceCase } from './i18n';

export type Flags = Record<string, readonly [zh: string, en: string]>;

let known: Flags = {};

export function learnFlags(flags: Flags): void {
  known = flags;
}

export function flagText(code: string): string {
  const words = known[code];
  return words ? sentenceCase(pick(words[0], words[1])) : code;
}

/** Codes as sentences; nothing when there are none. */
export function flagList(flags: readonly string[]): HTMLElement | null {
  if (flags.length === 0) return null;
  return h(
    'ul',
    { class: 'flags' },
    flags.map((flag) => h('li', { 'data-flag': flag }, flagText(flag))),
  );
}
