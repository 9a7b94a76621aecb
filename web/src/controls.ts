/** The question: a standard, or a mode and minutes; for whom; to which venues. */

import type { Standard } from './api';
import { h } from './dom';
import { nameOf, sentenceCase, t } from './i18n';
import {
  clampMinutes,
  GROUPS,
  MINUTES,
  MODES,
  type Mode,
  type State,
  VENUE_KINDS,
  type VenueKind,
} from './state';
import { modeText, surfaceCompares } from './words';

/** Wait this long after the last movement of the slider before asking the server. */
const PAUSE_MS = 250;

export interface Controls {
  element: HTMLElement;
  /** Show a state without rebuilding, so a slider being dragged keeps the focus. */
  sync(state: State): void;
}

export function findStandard(standards: readonly Standard[], state: State): Standard | undefined {
  return standards.find((standard) => standard.id === state.standard);
}

/** The kinds of venues that can cover people under a question. */
export function countedKinds(kinds: Standard['kinds']): readonly VenueKind[] {
  if (typeof kinds !== 'string') return kinds;
  return VENUE_KINDS.filter((kind) => kinds === 'all' || kind !== 'other');
}

/** The kinds a question counts, in words: all, the science ones, or the few it names. */
export function kindsText(kinds: Standard['kinds']): string {
  const counted = countedKinds(kinds);
  const named = VENUE_KINDS.filter((kind) => counted.includes(kind));
  if (named.length === VENUE_KINDS.length) return t('kinds_all');
  if (named.length === VENUE_KINDS.length - 1 && !named.includes('other'))
    return t('kinds_science');
  return named.map((kind) => t(`kind_${kind}`)).join(t('or'));
}

export function createControls(
  standards: readonly Standard[],
  update: (change: Partial<State>) => void,
): Controls {
  const option = (value: string, text: string) => h('option', { value }, text);
  const field = (label: string, control: HTMLElement, name = '') =>
    h('label', { class: `field ${name}` }, h('span', {}, label), control);

  /** Mode and minutes as shown, so leaving a standard changes only what the reader touched. */
  const custom = (): Partial<State> => ({
    standard: null,
    mode: mode.value as Mode,
    minutes: clampMinutes(number.valueAsNumber),
    surface: surface.checked && mode.value === 'transit',
  });
  const byName = (id: string): Partial<State> => ({
    standard: id,
    surface: surface.checked && standards.find((each) => each.id === id)?.mode === 'transit',
  });

  const standard = h(
    'select',
    {
      'data-testid': 'standard',
      onchange: () => update(standard.value ? byName(standard.value) : custom()),
    },
    option('', t('standard_none')),
    standards.map((each) => option(each.id, nameOf(each))),
  );
  const mode = h(
    'select',
    { 'data-testid': 'mode', onchange: () => update(custom()) },
    MODES.map((each) => option(each, modeText(each))),
  );

  let timer = 0;
  const moved = (from: HTMLInputElement, to: HTMLInputElement) => () => {
    if (Number.isNaN(from.valueAsNumber)) return;
    to.value = String(clampMinutes(from.valueAsNumber));
    window.clearTimeout(timer);
    timer = window.setTimeout(() => update(custom()), PAUSE_MS);
  };
  const limits = { min: MINUTES.min, max: MINUTES.max };
  const number = h('input', {
    type: 'number',
    ...limits,
    step: 1,
    inputmode: 'numeric',
    'data-testid': 'minutes',
    'aria-label': `${t('minutes')} (${t('minutes_unit')})`,
  });
  const slider = h('input', {
    type: 'range',
    ...limits,
    step: 5,
    'data-testid': 'minutes-slider',
    'aria-label': t('minutes_slider'),
  });
  slider.addEventListener('input', moved(slider, number));
  number.addEventListener('input', moved(number, slider));
  number.addEventListener('change', () => {
    number.value = String(clampMinutes(number.valueAsNumber));
  });

  const group = h(
    'select',
    { 'data-testid': 'group', onchange: () => update({ group: group.value }) },
    GROUPS.map((each) => option(each, t(`group_${each}`))),
  );
  const byStandard = option('standard', '');
  const kinds = h(
    'select',
    {
      'data-testid': 'kinds',
      onchange: () => update({ kinds: kinds.value === 'all' ? 'all' : 'science' }),
    },
    option('science', sentenceCase(t('kinds_science'))),
    option('all', sentenceCase(t('kinds_all'))),
    byStandard,
  );
  const surface = h('input', {
    type: 'checkbox',
    'data-testid': 'surface-transit',
    'aria-describedby': 'surface-hint',
    onchange: () => update({ surface: surface.checked }),
  });
  const surfaceRow = h(
    'div',
    { class: 'surface' },
    h(
      'label',
      { class: 'check' },
      surface,
      h('span', {}, t('surface')),
      h('em', { class: 'tag' }, t('assumption')),
    ),
    h(
      'p',
      { id: 'surface-hint', class: 'hint' },
      t(surfaceCompares() ? 'surface_hint' : 'surface_hint_networks'),
    ),
  );

  const element = h(
    'form',
    { class: 'controls', 'aria-label': t('question'), onsubmit: (e: Event) => e.preventDefault() },
    field(t('standard'), standard, 'wide'),
    field(t('mode'), mode),
    h(
      'div',
      { class: 'field' },
      h('span', { 'aria-hidden': 'true' }, t('minutes')),
      h('div', { class: 'minutes' }, slider, number, h('span', {}, t('minutes_unit'))),
    ),
    field(t('group'), group),
    field(t('kinds'), kinds),
    surfaceRow,
  );

  return {
    element,
    sync(state) {
      const chosen = findStandard(standards, state);
      const shown = chosen ?? state;
      if (state.standard && !chosen) standard.append(option(state.standard, state.standard));
      if (!GROUPS.some((each) => each === state.group)) {
        group.append(option(state.group, state.group));
      }
      standard.value = state.standard ?? '';
      mode.value = shown.mode;
      slider.value = String(shown.minutes);
      if (document.activeElement !== number) number.value = String(shown.minutes);
      group.value = state.group;
      byStandard.hidden = !chosen;
      byStandard.textContent = chosen ? sentenceCase(kindsText(chosen.kinds)) : '';
      kinds.value = chosen ? 'standard' : state.kinds;
      kinds.disabled = chosen !== undefined;
      kinds.title = chosen ? t('kinds_by_standard') : '';
      surface.checked = state.surface;
      surfaceRow.hidden = shown.mode !== 'transit';
    },
  };
}
