/**
 * Flags and modes in plain words. The words come from the server, the same as the reports';
 * a code without words is shown as it is.
 */

import { h } from './dom';
import { pick, sentenceCase, tFirst } from './i18n';
import type { Mode } from './state';

export type Flags = Record<string, readonly [zh: string, en: string]>;

/** What the server says of the snapshot's travel times; a traveller only where not an adult. */
export interface Travelling {
  modes: Partial<Record<Mode, { basis: string; estimated: boolean }>>;
  traveller: readonly [zh: string, en: string] | null;
}

let known: Flags = {};
let travelling: Travelling = { modes: {}, traveller: null };

export function learnTravel({ modes, traveller }: Travelling): void {
  travelling = { modes, traveller };
}

/** A mode's name, promising no more than its times hold. */
export function modeText(mode: Mode, form: '' | '_short' = ''): string {
  const basis = travelling.modes[mode]?.basis;
  return tFirst(`mode_${mode}_${basis}${form}`, `mode_${mode}${form}`);
}

/** Whose times these are, as a title says it; nothing for an adult. */
export function travellerText(): string {
  const named = travelling.traveller;
  return named ? ` · ${pick(named[0], named[1])}` : '';
}

/** Whether transit was made as the scenario with assumed buses is, so that the two compare. */
export function surfaceCompares(): boolean {
  const transit = travelling.modes.transit;
  return !transit || (transit.basis === 'headways' && transit.estimated);
}

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
