/** The middle: one question with its records side by side, why it is asked, the rows as written. */

import { h } from '../dom';
import { pick } from '../i18n';
import type { Card, Question } from './api';
import { type Line, lines, pieces } from './compare';
import { distance } from './measure';
import { cardName, givenWith, headline, outcome, records, takenOver } from './naming';
import { MARKS } from './spots';
import { metres, say, sayCode } from './words';

/** Rows shown as written; of a whole list the first few tell what it looks like. */
const ROWS = 4;

export interface DetailEvents {
  candidate(index: number): void;
}

const mark = (index: number) =>
  h('i', { class: `mark ${MARKS.charAt(index).toLowerCase()}` }, MARKS.charAt(index));

function title(question: Question): HTMLElement {
  return h(
    'div',
    { class: 'title' },
    h(
      'p',
      {},
      h('i', { class: `kind is-${question.kind}` }, pick(question.title_zh, question.title_en)),
      question.state === 'asked' && h('i', { class: 'tag' }, say('asked')),
      question.score !== null &&
        h('span', {}, say('score', { n: Math.round(question.score * 100) })),
      h('span', {}, say('list', { title: question.list_title })),
    ),
    h('h2', { tabindex: -1, 'data-testid': 'title', 'data-id': question.id }, headline(question)),
  );
}

function decision(question: Question): HTMLElement | null {
  const { reply } = question;
  if (!reply) return null;
  const at = new Date(reply.at).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'short' });
  const values = givenWith(reply);
  return h(
    'div',
    { class: 'decided', 'data-testid': 'decided' },
    h(
      'p',
      {},
      h('b', {}, outcome(question, reply.answer)),
      h('span', {}, say('decided_by', { who: reply.who, at })),
    ),
    values && h('p', {}, values),
    reply.why && h('p', {}, say('decided_why', { why: reply.why })),
  );
}

/** A value; what the other record does not say stands out letter by letter. */
function cell(line: Line, index: number): HTMLElement {
  const value = line.values[index] ?? '';
  if (!value) return h('td', { class: 'none' }, say('none'));
  const other = line.values[index === 0 ? 1 : 0];
  if (!line.differs || !other) return h('td', {}, value);
  return h(
    'td',
    {},
    pieces(value, other).map(({ text, own }) => (own ? h('mark', {}, text) : text)),
  );
}

function apart([a, b]: readonly Card[]): string | null {
  if (a?.lon == null || a.lat === null || b?.lon == null || b.lat === null) return null;
  return metres(distance({ lon: a.lon, lat: a.lat }, { lon: b.lon, lat: b.lat }));
}

function table(cards: readonly Card[]): HTMLElement | null {
  if (cards.length === 0) return null;
  const between = cards.length === 2 ? apart(cards) : null;
  return h(
    'section',
    {},
    h('h3', {}, say(cards.length > 1 ? 'compare' : 'record')),
    h(
      'table',
      { class: 'compare', 'data-testid': 'compare' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, h('span', { class: 'unseen' }, say('field'))),
          cards.map((card, index) =>
            h(
              'th',
              { scope: 'col' },
              mark(index),
              h('b', { class: `standing ${card.standing}` }, sayCode('standing', card.standing)),
              h('small', {}, card.venue_id),
            ),
          ),
        ),
      ),
      h(
        'tbody',
        {},
        lines(cards).map((line) =>
          h(
            'tr',
            { class: line.differs ? 'differs' : null, 'data-line': line.label },
            h(
              'th',
              { scope: 'row' },
              say(line.label),
              line.differs && h('em', {}, '≠', h('span', { class: 'unseen' }, say('differs'))),
            ),
            cards.map((_, index) => cell(line, index)),
          ),
        ),
        between &&
          h(
            'tr',
            { 'data-line': 'apart' },
            h('th', { scope: 'row' }, say('apart')),
            h('td', { colspan: cards.length, 'data-testid': 'apart' }, between),
          ),
      ),
    ),
  );
}

/** A whole list is asked about: its records by name are enough. */
function names(cards: readonly Card[]): HTMLElement {
  return h(
    'section',
    {},
    h('h3', {}, say('records', { n: cards.length })),
    h(
      'ul',
      { class: 'names' },
      cards.map((card) =>
        h(
          'li',
          {},
          h('b', {}, cardName(card)),
          h('span', {}, [card.district_zh, card.address_zh].filter(Boolean).join(say('comma'))),
        ),
      ),
    ),
  );
}

function candidates(question: Question, events: DetailEvents): HTMLElement | null {
  if (question.candidates.length === 0) return null;
  const usable = question.state !== 'answered' && question.answers.includes('move');
  const taken = question.state === 'answered' ? null : takenOver(question);
  return h(
    'section',
    {},
    h('h3', {}, say('candidates')),
    h(
      'ol',
      { class: 'candidates' },
      question.candidates.map((candidate, index) =>
        h(
          'li',
          {},
          h(
            'button',
            {
              type: 'button',
              disabled: !usable,
              'data-testid': 'candidate',
              'aria-label': `${say('candidate_use', { n: index + 1 })}${say('comma')}${pick(candidate.label_zh, candidate.label_en)}`,
              onclick: () => events.candidate(index),
            },
            index < 9 ? h('kbd', {}, index + 1) : null,
          ),
          h(
            'span',
            {},
            pick(candidate.label_zh, candidate.label_en),
            candidate.precision_m !== null &&
              h('small', {}, say('precision', { n: Math.round(candidate.precision_m) })),
            candidate === taken && h('i', { class: 'tag' }, say('candidate_taken')),
          ),
        ),
      ),
    ),
  );
}

/** The row of the list, cell by cell as it was written; cells left empty say nothing. */
function row(card: Card, index: number, alone: boolean): HTMLElement | null {
  if (!card.row) return null;
  const { file, sheet, row: number, raw } = card.row;
  const cells = Object.entries(raw).filter(([, value]) => value !== null && value !== '');
  return h(
    'section',
    { class: 'row', 'data-testid': 'source-row' },
    h(
      'h3',
      {},
      say('row_title', { mark: alone ? '' : MARKS.charAt(index) }).trim(),
      h('small', {}, say('row_place', { file: sheet ? `${file} [${sheet}]` : file, row: number })),
    ),
    h(
      'dl',
      {},
      cells.map(([header, value]) => h('div', {}, h('dt', {}, header), h('dd', {}, String(value)))),
    ),
  );
}

export function detail(question: Question, events: DetailEvents): HTMLElement {
  const { venues, reasons } = question;
  const cards = records(question);
  return h(
    'article',
    { 'data-testid': 'detail', 'data-id': question.id, 'data-kind': question.kind },
    title(question),
    decision(question),
    reasons.length > 0 &&
      h(
        'section',
        {},
        h('h3', {}, say('reasons')),
        h(
          'ul',
          { class: 'reasons' },
          reasons.map((reason) => h('li', {}, pick(reason.zh, reason.en))),
        ),
      ),
    question.kind === 'datum' ? names(cards) : table(cards),
    candidates(question, events),
    h(
      'div',
      { class: 'rows' },
      venues.slice(0, ROWS).map((card, index) => row(card, index, venues.length === 1)),
    ),
  );
}
