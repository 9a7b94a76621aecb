/** What opens on the map when a venue or a gap is clicked. */

import type { Gap, Venue } from './api';
import { gapText } from './district';
import { h } from './dom';
import * as f from './format';
import { nameOf, pick, t, tCode } from './i18n';
import { flagList } from './words';

const SHOWN = 4;

function card(close: () => void, label: string, ...content: (HTMLElement | null)[]): HTMLElement {
  return h(
    'div',
    { class: 'card', role: 'dialog', 'aria-label': label },
    h('button', { type: 'button', class: 'close', 'aria-label': t('close'), onclick: close }, '×'),
    ...content,
  );
}

function facts(pairs: readonly (readonly [string, string] | null)[]): HTMLElement {
  return h(
    'dl',
    {},
    pairs.map((pair) => pair && h('div', {}, h('dt', {}, pair[0]), h('dd', {}, pair[1]))),
  );
}

function venueBlock(venue: Venue): HTMLElement {
  return h(
    'article',
    { 'data-testid': 'venue-popup', 'data-venue': venue.venue_id },
    h('h4', {}, nameOf(venue)),
    facts([
      [t('venue_kind'), tCode('kind', venue.kind)],
      venue.tier === '-' ? null : [t('venue_tier'), tCode('tier', venue.tier)],
      [t('venue_level'), tCode('level', venue.level)],
      [t('venue_address'), venue.address_zh || t('no_data')],
      [t('venue_status'), tCode('status', venue.status)],
      [
        t('venue_precision'),
        venue.precision_m === null
          ? t('no_data')
          : t('venue_precision_value', { n: f.people(venue.precision_m) }),
      ],
      [t('venue_confidence'), tCode('confidence', venue.confidence)],
      [t('venue_source'), venue.source],
    ]),
    flagList(venue.flags),
  );
}

export function venueCard(venues: readonly Venue[], close: () => void): HTMLElement {
  const more = venues.length - SHOWN;
  return card(
    close,
    venues.map(nameOf).join(', '),
    ...venues.slice(0, SHOWN).map(venueBlock),
    more > 0 ? h('p', { class: 'hint' }, t('venue_more', { n: more })) : null,
  );
}

export function gapCard(gap: Gap, close: () => void): HTMLElement {
  return card(
    close,
    pick(gap.township_zh, gap.township_en),
    h('article', { 'data-testid': 'gap-popup', 'data-gap': gap.gap_id }, ...gapText(gap)),
    facts([
      [t('legend_gaps'), `${t(gap.gap_type)} (${t(`${gap.gap_type}_hint`)})`],
      [t('gap_area'), t('km2_value', { n: f.km2(gap.area_km2) })],
    ]),
    flagList(gap.flags),
  );
}
