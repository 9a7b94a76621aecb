/** The legend, which is also where layers are switched on and off. */

import type { Venue } from './api';
import { BREAKS } from './classes';
import { h } from './dom';
import { t } from './i18n';
import { gapsShown, type Layer, type State, VENUE_KINDS, type VenueKind } from './state';
import { swatch, symbolIcon } from './symbols';

function toggle(
  id: string,
  checked: boolean,
  sign: Element | null,
  text: string,
  note: string,
  change: (on: boolean) => void,
): HTMLElement {
  const box = h('input', {
    type: 'checkbox',
    checked,
    'data-testid': `layer-${id}`,
    'data-focus': `layer-${id}`,
    onchange: () => change(box.checked),
  });
  return h(
    'label',
    { class: 'toggle' },
    box,
    sign,
    h('span', {}, text, note && h('small', {}, note)),
  );
}

export function legend(
  state: State,
  venues: readonly Venue[],
  counted: readonly VenueKind[],
  open: boolean,
  update: (change: Partial<State>) => void,
): HTMLElement {
  const layer = (id: Layer, sign: Element | null, text: string, note = '') =>
    toggle(id, !state.hidden.includes(id), sign, text, note, (on) =>
      update({ hidden: on ? state.hidden.filter((x) => x !== id) : [...state.hidden, id] }),
    );
  const key = (sign: Element, text: string) => h('p', { class: 'key' }, sign, h('span', {}, text));

  return h(
    'details',
    { class: 'legend', 'data-testid': 'legend', open },
    h('summary', {}, t('legend')),
    h(
      'div',
      {},
      h('h3', {}, t('legend_share')),
      h(
        'div',
        { class: 'scale' },
        BREAKS.map((lower, index) => h('div', {}, swatch(index), h('span', {}, `${lower * 100}`))),
        h('div', { class: 'end' }, h('span', {}, '100')),
      ),
      key(swatch('no-data'), t('no_data')),
      h('h3', {}, t('legend_gaps')),
      toggle('gaps', gapsShown(state), null, t('show_gaps'), '', (on) => update({ gaps: on })),
      key(swatch('gap-service'), `${t('service')}: ${t('service_hint')}`),
      key(swatch('gap-data'), `${t('data')}: ${t('data_hint')}`),
      h('p', { class: 'hint' }, t('legend_depth')),
      h('h3', {}, t('legend_venues')),
      VENUE_KINDS.map((kind) => {
        const own = venues.filter((venue) => venue.kind === kind);
        const unlocated = own.filter((venue) => venue.lon === null).length;
        const count =
          unlocated > 0 ? t('counts_unlocated', { n: own.length, unlocated }) : String(own.length);
        const note = counted.includes(kind) ? count : `${count}${t('comma')}${t('not_counted')}`;
        return layer(kind, symbolIcon(kind), t(`kind_${kind}`), note);
      }),
      h('p', { class: 'hint' }, t('legend_closed')),
      h('h3', {}, t('legend_lines')),
      layer('subway', h('i', { class: 'line-sign', 'aria-hidden': 'true' }), t('subway')),
    ),
  );
}
