/** One district: its numbers, why it has gaps and where, and what can be taken away. */

import {
  type CoverageAnswer,
  type DistrictAnswer,
  type Gap,
  type GapsAnswer,
  paths,
  type Standard,
  type Venue,
} from './api';
import { rankOf } from './classes';
import { h } from './dom';
import * as f from './format';
import { nameOf, pick, sentenceCase, t, tCode } from './i18n';
import { headline, sentence } from './ranking';
import type { State } from './state';
import { symbolIcon } from './symbols';
import { flagList, flagText } from './words';

const LARGEST = 10;

export interface DistrictEvents {
  back(): void;
  gap(gap: Gap): void;
  venue(venue: Venue): void;
}

export interface DistrictData {
  city: CoverageAnswer;
  answer: DistrictAnswer;
  gaps: GapsAnswer;
  venues: readonly Venue[];
  standards: readonly Standard[];
}

function facts(pairs: readonly (readonly [string, string | HTMLElement] | null)[]): HTMLElement {
  return h(
    'dl',
    { class: 'facts' },
    pairs.map((pair) => pair && h('div', {}, h('dt', {}, pair[0]), h('dd', {}, pair[1]))),
  );
}

function numbers({ city, answer, venues }: DistrictData, events: DistrictEvents): HTMLElement {
  const { item } = answer;
  const minutes = (value: number | null) =>
    value === null ? t('no_data') : t('minutes_value', { n: f.minutes(value) });
  const count = (value: number | null) =>
    value === null ? t('no_data') : t('people_value', { n: f.people(value) });
  const near = item.nearest;
  const nearVenue = near && venues.find((venue) => venue.venue_id === near.venue_id);
  const nearText = near && `${nameOf(near)}${t('comma')}${minutes(near.minutes)}`;
  const rank = rankOf(city.items, item.adcode);
  return h(
    'section',
    {},
    headline(item),
    rank !== null && h('p', { class: 'rank' }, t('rank', { rank })),
    facts([
      [t('people'), count(item.people)],
      [
        t('covered'),
        h('span', { 'data-testid': 'covered', 'data-value': item.covered }, count(item.covered)),
      ],
      [t('uncovered'), count(item.uncovered)],
      [t('median_long'), minutes(item.median_minutes)],
      [t('p90_long'), minutes(item.p90_minutes)],
      item.no_access ? [t('no_access'), count(item.no_access)] : null,
      [
        t('nearest'),
        nearVenue && nearText
          ? h(
              'button',
              { type: 'button', class: 'link', onclick: () => events.venue(nearVenue) },
              nearText,
            )
          : (nearText ?? t('no_data')),
      ],
    ]),
  );
}

function causes({ gaps, answer }: DistrictData): HTMLElement {
  const list = gaps.causes;
  const most = Math.max(1, ...list.map((cause) => cause.people));
  return h(
    'section',
    {},
    h('h3', {}, t('causes')),
    list.length === 0 &&
      h('p', { class: 'hint' }, t(answer.item.share === null ? 'causes_no_data' : 'causes_none')),
    h(
      'ul',
      { class: 'causes' },
      list.map((cause) => {
        const bar = h('i', { class: cause.gap_type, 'aria-hidden': 'true' });
        bar.style.width = `${(100 * cause.people) / most}%`;
        return h(
          'li',
          {},
          h('p', {}, sentenceCase(pick(cause.cause_zh, cause.cause_en))),
          h('div', { class: 'cause-bar' }, bar),
          h(
            'p',
            { class: 'hint' },
            h('span', { class: `tag ${cause.gap_type}` }, t(cause.gap_type)),
            ` ${t('people_value', { n: f.people(cause.people) })}${t('comma')}`,
            t('cause_gaps', { n: f.people(cause.gaps) }),
          ),
        );
      }),
    ),
  );
}

/** A gap in two lines, for the list and the popup. */
export function gapText(gap: Gap): HTMLElement[] {
  const near =
    gap.nearest_venue_zh && gap.nearest_minutes !== null
      ? t('gap_nearest', {
          venue: pick(gap.nearest_venue_zh, gap.nearest_venue_en),
          minutes: f.minutes(gap.nearest_minutes),
        })
      : t('gap_unreached');
  const cause = sentenceCase(pick(gap.cause_zh, gap.cause_en));
  const severity = tCode('severity', gap.severity);
  return [
    h(
      'span',
      { class: 'line' },
      h('b', {}, pick(gap.township_zh, gap.township_en)),
      h('span', { class: 'amount' }, t('people_value', { n: f.people(gap.people) })),
      h(
        'span',
        { class: `severity ${gap.severity}`, title: t('severity', { level: severity }) },
        severity,
      ),
    ),
    h('span', { class: 'hint' }, `${cause}${t('stop')}${near}`),
    h('span', { class: 'hint' }, pick(gap.evidence_zh, gap.evidence_en)),
  ];
}

function largestGaps({ items }: GapsAnswer, events: DistrictEvents): HTMLElement | null {
  if (items.length === 0) return null;
  const largest = [...items].sort((a, b) => b.people - a.people).slice(0, LARGEST);
  return h(
    'section',
    {},
    h(
      'div',
      { class: 'bar' },
      h('h3', {}, t('top_gaps', { n: largest.length })),
      h('span', {}, t('top_gaps_hint', { n: items.length })),
    ),
    h(
      'ol',
      { class: 'gaps' },
      largest.map((gap) =>
        h(
          'li',
          {},
          h(
            'button',
            { type: 'button', 'data-testid': 'gap', onclick: () => events.gap(gap) },
            gapText(gap),
          ),
        ),
      ),
    ),
  );
}

function groups({ answer }: DistrictData): HTMLElement | null {
  if (answer.groups.length === 0) return null;
  return h(
    'section',
    {},
    h('h3', {}, t('groups')),
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, t('group')),
          h('th', { scope: 'col' }, t('people'), h('small', {}, t('wan'))),
          h('th', { scope: 'col' }, t('covered'), h('small', {}, t('wan'))),
          h('th', { scope: 'col' }, t('share'), h('small', {}, '%')),
        ),
      ),
      h(
        'tbody',
        {},
        answer.groups.map((row) =>
          h(
            'tr',
            {},
            h(
              'th',
              { scope: 'row' },
              pick(row.group_zh, row.group_en),
              ' ',
              row.standing !== 'known' && h('em', { class: 'tag' }, t(`standing_${row.standing}`)),
            ),
            h('td', {}, f.wan(row.people)),
            h('td', {}, f.wan(row.covered)),
            h('td', {}, row.share === null ? t('no_data') : f.percent(row.share)),
          ),
        ),
      ),
    ),
  );
}

/** Flags that tell rows apart; what holds for every row is said once, for the district. */
export function ownFlags(rows: readonly (readonly string[])[]): string[] {
  const all = [...new Set(rows.flat())];
  return all.filter((flag) => !rows.every((flags) => flags.includes(flag)));
}

function townships({ answer }: DistrictData): HTMLElement {
  const notes = ownFlags(answer.townships.map((row) => row.flags));
  return h(
    'details',
    { class: 'fold', 'data-testid': 'townships', open: true },
    h('summary', {}, h('h3', {}, t('townships_title', { n: answer.townships.length }))),
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, t('township')),
          h('th', { scope: 'col' }, t('people'), h('small', {}, t('wan'))),
          h('th', { scope: 'col' }, t('share'), h('small', {}, '%')),
          h('th', { scope: 'col' }, t('interval'), h('small', {}, '%')),
          h('th', { scope: 'col' }, t('median'), h('small', {}, t('minutes_unit'))),
        ),
      ),
      h(
        'tbody',
        {},
        answer.townships.map((row) =>
          h(
            'tr',
            { 'data-township': row.township_code },
            h(
              'th',
              { scope: 'row' },
              nameOf(row),
              h(
                'sup',
                {},
                notes.flatMap((flag, i) => (row.flags.includes(flag) ? i + 1 : [])).join(),
              ),
            ),
            h('td', {}, f.wan(row.people)),
            h('td', {}, row.share === null ? t('no_data') : f.percent(row.share)),
            h('td', {}, f.interval(row.low, row.high)),
            h('td', {}, f.minutes(row.median_minutes)),
          ),
        ),
      ),
    ),
    h(
      'ol',
      { class: 'flags' },
      notes.map((flag) => h('li', {}, flagText(flag))),
    ),
  );
}

function venueList({ answer, venues }: DistrictData, events: DistrictEvents): HTMLElement {
  const own = venues.filter((venue) => venue.adcode === answer.item.adcode);
  const unlocated = own.filter((venue) => venue.lon === null).length;
  return h(
    'details',
    { class: 'fold', 'data-testid': 'venues' },
    h('summary', {}, h('h3', {}, t('district_venues', { n: own.length, unlocated }))),
    h(
      'ul',
      { class: 'venues' },
      own.map((venue) =>
        h(
          'li',
          {},
          symbolIcon(venue.kind, venue.status === 'open' || venue.status === 'unknown'),
          venue.lon === null
            ? h('span', {}, nameOf(venue), ' ', h('em', { class: 'tag' }, t('no_position')))
            : h(
                'button',
                { type: 'button', class: 'link', onclick: () => events.venue(venue) },
                nameOf(venue),
              ),
        ),
      ),
    ),
  );
}

export function district(data: DistrictData, state: State, events: DistrictEvents): HTMLElement {
  const { item } = data.answer;
  const file = (href: string, text: string, more: Record<string, string> = {}) =>
    h('a', { href, ...more }, text);
  const flags = flagList(item.flags);
  return h(
    'div',
    { class: 'view', 'data-testid': 'district-panel', 'data-adcode': item.adcode },
    h(
      'div',
      { class: 'summary' },
      h(
        'button',
        { type: 'button', class: 'back', 'data-testid': 'back', onclick: () => events.back() },
        `‹ ${t('back')}`,
      ),
      h('h2', { tabindex: -1 }, nameOf(item)),
      h('p', { class: 'sentence' }, sentence(state, data.standards)),
      numbers(data, events),
    ),
    h(
      'section',
      {},
      h('h3', {}, t('files')),
      h(
        'p',
        { class: 'files' },
        file(paths.report(state, item.adcode), t('report'), {
          target: '_blank',
          rel: 'noopener',
          'data-testid': 'report',
        }),
        file(paths.workbook(state, item.adcode), t('workbook'), {
          download: '',
          'data-testid': 'xlsx',
        }),
        file(paths.gapShapes(state, item.adcode), t('download_gaps'), {
          download: '',
          'data-testid': 'download-gaps',
        }),
      ),
    ),
    flags && h('section', {}, h('h3', {}, t('flags')), flags),
    causes(data),
    largestGaps(data.gaps, events),
    groups(data),
    townships(data),
    venueList(data, events),
  );
}
