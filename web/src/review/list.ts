/** The left side: how much is left, the filters, the questions by district. */

import type { DistrictShapes } from '../api';
import { h } from '../dom';
import { pick } from '../i18n';
import { KINDS, type Question, type Questions } from './api';
import { headline, outcome } from './naming';
import { byCode, countKinds, type Group, type View } from './queue';
import { say } from './words';

export interface ListEvents {
  view(change: Partial<View>): void;
}

/** A district's name in the page's language; the server tells the Chinese one only. */
export function districtName(shapes: DistrictShapes, adcode: string | null, zh: string): string {
  const found = shapes.features.find(({ properties }) => String(properties.adcode) === adcode);
  const name = pick(zh || found?.properties.name_zh || '', found?.properties.name_en);
  return name || say('no_district');
}

function progress(counts: Questions['counts']): HTMLElement {
  const left = counts.open + counts.asked;
  const all = left + counts.answered;
  const asked = counts.asked > 0 ? say('remaining_asked', { n: counts.asked }) : null;
  return h(
    'div',
    { class: 'progress' },
    h(
      'p',
      {},
      h(
        'strong',
        { 'data-testid': 'remaining', 'data-value': left },
        say('remaining', { n: left }),
      ),
      h(
        'span',
        {},
        [asked, say('finished', { n: counts.answered })].filter(Boolean).join(say('comma')),
      ),
    ),
    h('progress', {
      max: Math.max(1, all),
      value: all === 0 ? 1 : counts.answered,
      'aria-label': say('finished', { n: counts.answered }),
    }),
  );
}

function filters(
  questions: readonly Question[],
  shapes: DistrictShapes,
  view: View,
  events: ListEvents,
): HTMLElement {
  const tab = (state: View['state']) =>
    h(
      'button',
      {
        type: 'button',
        'aria-pressed': String(view.state === state),
        'data-testid': `tab-${state}`,
        'data-focus': `tab-${state}`,
        onclick: () => events.view({ state, question: null }),
      },
      say(state === 'open' ? 'tab_open' : 'tab_answered'),
    );
  const here = questions.filter(
    (each) => view.district === null || (each.adcode ?? '') === view.district,
  );
  const counts = countKinds(here);
  const chip = (kind: View['kind'], text: string, n: number) =>
    h(
      'button',
      {
        type: 'button',
        'aria-pressed': String(view.kind === kind),
        'data-testid': `kind-${kind ?? 'all'}`,
        'data-focus': `kind-${kind ?? 'all'}`,
        disabled: n === 0 && view.kind !== kind && kind !== null,
        onclick: () => events.view({ kind, question: null }),
      },
      text,
      h('small', {}, n),
    );
  const districts = new Map(questions.map((each) => [each.adcode ?? '', each.district_zh ?? '']));
  if (view.district !== null && !districts.has(view.district)) districts.set(view.district, '');
  const select = h(
    'select',
    {
      'aria-label': say('district_filter'),
      'data-testid': 'district-filter',
      'data-focus': 'district-filter',
      onchange: () =>
        events.view({ district: select.value === '*' ? null : select.value, question: null }),
    },
    h('option', { value: '*' }, say('all_districts')),
    [...districts]
      .sort(([a], [b]) => byCode(a, b))
      .map(([adcode, zh]) => h('option', { value: adcode }, districtName(shapes, adcode, zh))),
  );
  select.value = view.district ?? '*';
  return h(
    'div',
    { class: 'filters' },
    h('div', { class: 'tabs', role: 'group' }, tab('open'), tab('answered')),
    h(
      'div',
      { class: 'chips', role: 'group', 'aria-label': say('kind_filter') },
      chip(null, say('all_kinds'), here.length),
      KINDS.map((kind) => chip(kind, say(`kind_${kind}_short`), counts[kind])),
    ),
    select,
  );
}

function entry(question: Question, events: ListEvents): HTMLElement {
  const { reply } = question;
  return h(
    'li',
    {},
    h(
      'button',
      {
        type: 'button',
        'data-testid': 'question',
        'data-id': question.id,
        'data-focus': `question-${question.id}`,
        onclick: () => events.view({ question: question.id }),
      },
      h('b', {}, headline(question)),
      h(
        'span',
        {},
        h('i', { class: `kind is-${question.kind}` }, say(`kind_${question.kind}_short`)),
        question.state === 'asked' && h('i', { class: 'tag' }, say('asked')),
        question.state === 'answered' && reply
          ? `${outcome(question, reply.answer)} · ${reply.who}`
          : question.score !== null && say('score', { n: Math.round(question.score * 100) }),
      ),
    ),
  );
}

function nothing(view: View, filtered: boolean, events: ListEvents): HTMLElement {
  if (filtered) {
    return h(
      'div',
      { class: 'empty' },
      h('p', {}, say('nothing_here')),
      h(
        'button',
        { type: 'button', onclick: () => events.view({ kind: null, district: null }) },
        say('show_all'),
      ),
    );
  }
  const open = view.state === 'open';
  return h(
    'div',
    { class: 'empty', 'data-testid': 'nothing' },
    h('b', {}, say(open ? 'nothing_open' : 'nothing_answered')),
    open && h('p', {}, say('nothing_open_hint')),
  );
}

/** Mark the question shown, and bring its entry into sight. */
export function choose(queue: HTMLElement, id: string | null): void {
  queue.querySelector('[aria-current]')?.removeAttribute('aria-current');
  const entry = id && queue.querySelector(`[data-id="${CSS.escape(id)}"]`);
  if (!entry) return;
  entry.setAttribute('aria-current', 'true');
  entry.scrollIntoView({ block: 'nearest' });
}

export function list(
  data: Questions,
  groups: readonly Group[],
  shapes: DistrictShapes,
  view: View,
  events: ListEvents,
): HTMLElement[] {
  return [
    progress(data.counts),
    filters(data.items, shapes, view, events),
    groups.length === 0
      ? nothing(view, data.items.length > 0, events)
      : h(
          'div',
          { class: 'groups' },
          groups.map((group) =>
            h(
              'section',
              {},
              h(
                'h3',
                {},
                districtName(shapes, group.adcode, group.district_zh),
                h('small', {}, group.items.length),
              ),
              h(
                'ul',
                {},
                group.items.map((question) => entry(question, events)),
              ),
            ),
          ),
        ),
  ];
}
