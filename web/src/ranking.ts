/** The city in one figure and the 16 districts in one sortable table. */

import type { CoverageAnswer, DistrictRow, Figures, Standard } from './api';
import { colourOf, sortRows } from './classes';
import { findStandard, kindsText } from './controls';
import { h } from './dom';
import * as f from './format';
import { type Key, nameOf, t, tCode } from './i18n';
import { SORTS, type Sort, type SortKey, type State } from './state';
import { flagList, modeText } from './words';

export interface RankingEvents {
  choose(adcode: string): void;
  hover(adcode: string | null): void;
  sort(sort: Sort): void;
}

const COLUMNS: Record<SortKey, { key: Key; unit: Key | '%' | null }> = {
  adcode: { key: 'district', unit: null },
  people: { key: 'people', unit: 'wan' },
  covered: { key: 'covered', unit: 'wan' },
  share: { key: 'share', unit: '%' },
  low: { key: 'interval', unit: '%' },
  median_minutes: { key: 'median', unit: 'minutes_unit' },
};

/** What the figures mean, as one sentence. */
export function sentence(state: State, standards: readonly Standard[]): string {
  const standard = findStandard(standards, state);
  const { mode, minutes } = standard ?? state;
  const text = t('sentence', {
    mode: modeText(mode, '_short'),
    minutes,
    k: standard?.k ?? 1,
    kinds: kindsText(standard?.kinds ?? state.kinds),
    group: tCode('group', state.group),
  });
  return text + (state.surface && mode === 'transit' ? t('sentence_surface') : '');
}

/** A share with its interval on a line from 0 to 100 %. */
export function shareBar({ share, low, high }: Figures): HTMLElement {
  const bar = h('div', { class: 'share-bar', 'aria-hidden': 'true' });
  if (share === null) return bar;
  const fill = h('i');
  fill.style.width = `${share * 100}%`;
  bar.append(fill);
  if (low !== null && high !== null && low < high) {
    const range = h('b');
    range.style.left = `${low * 100}%`;
    range.style.width = `${(high - low) * 100}%`;
    bar.append(range);
  }
  return bar;
}

/** The share in large, its interval, and what an assumption about surface transit would make of it. */
export function headline(figures: Figures): HTMLElement {
  const surface = figures.with_surface;
  return h(
    'div',
    { class: 'headline' },
    figures.share === null
      ? [
          h('p', { class: 'big none' }, t('no_data')),
          flagList(figures.flags.filter((flag) => flag.startsWith('no_data'))),
        ]
      : h(
          'div',
          { class: 'figure' },
          h('p', { class: 'big' }, f.share(figures.share)),
          h(
            'div',
            {},
            shareBar(figures),
            h(
              'p',
              { class: 'hint' },
              t('interval_text', { interval: f.interval(figures.low, figures.high) }),
            ),
          ),
        ),
    surface != null &&
      surface.share !== null &&
      h(
        'p',
        { class: 'beside', 'data-testid': 'with-surface' },
        h('em', { class: 'tag' }, t('assumption')),
        ` ${t('beside_surface')}: `,
        h(
          'strong',
          {},
          t('beside_surface_value', {
            share: f.share(surface.share),
            covered: f.people(surface.covered),
          }),
        ),
      ),
  );
}

function headerCell(key: SortKey, sort: Sort, events: RankingEvents): HTMLElement {
  const { key: name, unit } = COLUMNS[key];
  const active = sort.key === key;
  const next = { key, descending: active ? !sort.descending : key !== 'adcode' };
  return h(
    'th',
    {
      scope: 'col',
      'aria-sort': active ? (sort.descending ? 'descending' : 'ascending') : 'none',
    },
    h(
      'button',
      {
        type: 'button',
        'data-focus': `sort-${key}`,
        title: t('sort_by', { column: t(name) }),
        onclick: () => events.sort(next),
      },
      t(name),
      h(
        'i',
        { class: 'arrow', 'aria-hidden': 'true' },
        active ? (sort.descending ? '▾' : '▴') : '',
      ),
      unit && h('small', {}, unit === '%' ? '%' : t(unit)),
    ),
  );
}

function tableRow(row: DistrictRow, place: number | null, events: RankingEvents): HTMLElement {
  const number = (text: string) =>
    h('td', text === f.NONE ? { title: t('no_data'), class: 'none' } : {}, text);
  const chip = h('i', { class: row.share === null ? 'chip none' : 'chip', 'aria-hidden': 'true' });
  if (row.share !== null) chip.style.backgroundColor = colourOf(row.share);
  return h(
    'tr',
    {
      'data-testid': 'district-row',
      'data-adcode': row.adcode,
      onclick: () => events.choose(row.adcode),
      onmouseenter: () => events.hover(row.adcode),
      onmouseleave: () => events.hover(null),
      onfocusin: () => events.hover(row.adcode),
      onfocusout: () => events.hover(null),
    },
    h(
      'th',
      { scope: 'row' },
      h('span', { class: 'place', 'aria-hidden': 'true' }, place),
      h('button', { type: 'button', 'data-focus': `row-${row.adcode}` }, nameOf(row)),
    ),
    number(f.wan(row.people)),
    number(f.wan(row.covered)),
    h('td', {}, chip, row.share === null ? t('no_data') : f.percent(row.share)),
    number(f.interval(row.low, row.high)),
    number(f.minutes(row.median_minutes)),
  );
}

export function ranking(
  answer: CoverageAnswer,
  state: State,
  standards: readonly Standard[],
  downloadHref: string,
  events: RankingEvents,
): HTMLElement {
  const rows = sortRows(answer.items, state.sort);
  const { total } = answer;
  return h(
    'div',
    { class: 'view' },
    h(
      'section',
      { class: 'summary', 'aria-label': t('whole_city') },
      h('h2', { tabindex: -1 }, t('whole_city')),
      h('p', { class: 'sentence' }, sentence(state, standards)),
      headline(total),
      total.covered !== null &&
        h(
          'p',
          { 'data-testid': 'city-covered', 'data-value': total.covered },
          t('of_people', {
            people: f.people(total.people),
            covered: f.people(total.covered),
            uncovered: f.people(total.uncovered),
          }),
        ),
    ),
    h(
      'section',
      {},
      h('div', { class: 'bar' }, h('h3', {}, t('ranking')), h('span', {}, t('ranking_hint'))),
      h(
        'table',
        { class: 'ranking' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            SORTS.map((key) => headerCell(key, state.sort, events)),
          ),
        ),
        h(
          'tbody',
          {},
          rows.map((row, index) =>
            tableRow(row, row[state.sort.key] === null ? null : index + 1, events),
          ),
        ),
      ),
      h(
        'p',
        { class: 'files' },
        h(
          'a',
          { href: downloadHref, download: '', 'data-testid': 'download-gaps-city' },
          t('download_city'),
        ),
      ),
    ),
  );
}
