/** What can be done about a question, with its key; only what the server will take is enabled. */

import { h } from '../dom';
import { ANSWERS, type Answer, DATUMS, type Datum, type Question } from './api';
import { say, WORDS, type Word } from './words';

const KEYS: Record<Answer, string> = {
  accept: 'A',
  merge: 'M',
  reject: 'R',
  move: 'P',
  split: 'S',
  ask: 'D',
};

export interface ActionEvents {
  answer(answer: Answer): void;
  undo(): void;
  undoThis(): void;
}

export interface Actions {
  element: HTMLElement;
  why(): string;
  /** The datum chosen, null before one is; and where to choose it. */
  datum(): Datum | null;
  askForDatum(): void;
  busy(working: boolean): void;
}

/** What an answer means to this kind of question; null where the kind does not take it. */
export function labelOf(question: Question, answer: Answer): Word | null {
  if (answer === 'split') return question.merged_id ? 'any_split' : null;
  if (answer === 'ask') return question.state === 'answered' ? null : 'any_ask';
  const word = `${question.kind}_${answer}`;
  return question.state !== 'answered' && word in WORDS.zh ? (word as Word) : null;
}

export function createActions(
  question: Question,
  undoable: boolean,
  events: ActionEvents,
): Actions {
  const why = h('input', {
    type: 'text',
    maxlength: 1000,
    placeholder: say('why_hint'),
    'data-testid': 'why',
    'data-focus': 'why',
    autocomplete: 'off',
  });
  const datum = h(
    'select',
    { 'data-testid': 'datum', 'data-focus': 'datum', 'aria-label': say('datum_label') },
    h('option', { value: '' }, say('datum_choose')),
    DATUMS.map((name) => h('option', { value: name }, name)),
  );
  const button = (
    name: string,
    key: string | null,
    label: string,
    enabled: boolean,
    act: () => void,
  ) =>
    h(
      'button',
      {
        type: 'button',
        class: name,
        disabled: !enabled,
        title: enabled ? null : say('not_now'),
        'data-enabled': enabled,
        'data-testid': `do-${name}`,
        'data-focus': `do-${name}`,
        'aria-keyshortcuts': key,
        onclick: act,
      },
      key && h('kbd', { 'aria-hidden': 'true' }, key),
      label,
    );
  const answers = ANSWERS.flatMap((answer) => {
    const label = labelOf(question, answer);
    if (!label) return [];
    const taken = answer === 'split' || question.answers.includes(answer);
    return button(answer, KEYS[answer], say(label), taken, () => events.answer(answer));
  });
  const asksDatum = question.kind === 'datum' && question.answers.includes('accept');
  const element = h(
    'div',
    { class: 'actions', role: 'group', 'aria-label': say('actions') },
    h(
      'div',
      { class: 'with' },
      h('label', { class: 'why' }, h('span', {}, say('why')), why),
      button('undo', 'U', say('undo'), undoable, events.undo),
    ),
    h(
      'div',
      { class: 'buttons' },
      asksDatum && datum,
      answers,
      question.state === 'answered' && question.reply
        ? button('undo-this', null, say('undo_this'), true, events.undoThis)
        : null,
    ),
  );
  return {
    element,
    why: () => why.value.trim(),
    datum: () => DATUMS.find((name) => name === datum.value) ?? null,
    askForDatum: () => datum.focus(),
    busy(working) {
      for (const each of element.querySelectorAll('button')) {
        each.disabled = working || each.dataset.enabled === undefined;
      }
    },
  };
}
