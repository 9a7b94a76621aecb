/** The frame around the questions: header, places to fill, what to say when nothing can be shown. */

import type { Problem } from '../api';
import { h } from '../dom';
import { pick, t } from '../i18n';
import type { Lang } from '../state';
import type { ReviewMap } from './map';
import { who } from './session';
import { say } from './words';

export const shell = {
  header: h('header', { class: 'top' }),
  queue: h('nav', { class: 'queue' }),
  case: h('section', { class: 'case', id: 'case' }),
  status: h('p', { class: 'said', role: 'status', 'aria-live': 'polite', 'data-testid': 'said' }),
  problem: h('div', { class: 'refused' }),
  acts: h('div', { class: 'acts' }),
  map: h('div', { class: 'map-canvas', role: 'region' }),
  tools: h('div', { class: 'map-tools' }),
  notes: h('footer', { class: 'notes' }),
};

const main = h(
  'main',
  {},
  shell.queue,
  h(
    'div',
    { class: 'middle' },
    shell.case,
    h('div', { class: 'deck' }, shell.problem, shell.status, shell.acts),
  ),
  h('div', { class: 'map' }, shell.map, shell.tools),
);

export function mount(): void {
  document.body.append(shell.header, main, shell.notes);
}

/** Replace the content of a place, keeping where the keyboard is. */
export function put(place: HTMLElement, ...content: (Node | string | null)[]): void {
  const active = document.activeElement;
  const focus = place.contains(active) ? active?.getAttribute('data-focus') : null;
  place.replaceChildren(...content.filter((each) => each !== null));
  if (!focus) return;
  const again = place.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focus)}"]`);
  again?.focus({ preventScroll: true });
}

export interface FrameEvents {
  language(lang: Lang): void;
  reviewer(): void;
  help(): void;
  list(): void;
}

export function showFrame(lang: Lang, events: FrameEvents): void {
  document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';
  document.title = say('title');
  const name = who.get();
  const button = (testid: string, text: string, act: () => void, more = {}) =>
    h(
      'button',
      {
        type: 'button',
        class: 'language',
        'data-testid': testid,
        'data-focus': testid,
        onclick: act,
        ...more,
      },
      text,
    );
  const other: Lang = lang === 'zh' ? 'en' : 'zh';
  put(
    shell.header,
    h('a', { class: 'skip', href: '#case' }, say('skip')),
    h('h1', {}, say('title')),
    h(
      'div',
      { class: 'tools' },
      button('show-list', say('show_list'), events.list, { class: 'language phone' }),
      button(
        'reviewer',
        name ? say('reviewer', { who: name }) : say('reviewer_none'),
        events.reviewer,
      ),
      button('help', `? ${say('help')}`, events.help, {
        class: 'language wide',
        'aria-keyshortcuts': '?',
      }),
      button('language', t('other_language'), () => events.language(other), {
        'aria-label': t('switch_language'),
        lang: other === 'zh' ? 'zh-CN' : 'en',
      }),
    ),
  );
  shell.queue.setAttribute('aria-label', say('queue'));
}

export function showTools(map: ReviewMap | null): void {
  const tool = (sign: string, label: string, to: Parameters<ReviewMap['zoom']>[0]) =>
    h(
      'button',
      { type: 'button', 'aria-label': label, title: label, onclick: () => map?.zoom(to) },
      sign,
    );
  put(
    shell.tools,
    tool('+', say('zoom_in'), 'in'),
    tool('−', say('zoom_out'), 'out'),
    tool('◎', say('zoom_all'), 'all'),
    tool('⌂', say('zoom_district'), 'district'),
  );
}

export function showNotes(outdated: string | null): void {
  put(
    shell.notes,
    outdated ? h('strong', { class: 'outdated', 'data-testid': 'outdated' }, outdated) : null,
    h('span', {}, say('sketch')),
    h('span', {}, say('review_number')),
    h('span', {}, say('legend_precision')),
    h('span', {}, say('legend_known')),
  );
}

export function showProblem(problem: Problem | null): void {
  put(
    shell.problem,
    problem &&
      h(
        'div',
        { class: 'problem', role: 'alert', 'data-testid': 'problem' },
        h('b', {}, pick(problem.title, problem.title_en)),
        h('span', {}, pick(problem.detail, problem.detail_en)),
        h(
          'button',
          { type: 'button', 'aria-label': say('close'), onclick: () => showProblem(null) },
          '×',
        ),
      ),
  );
}

/** Without a token nothing can be shown but how to get one. */
export function welcome(problem: Problem | null, retry: () => void): HTMLElement {
  return h(
    'div',
    { class: 'welcome', 'data-testid': 'welcome' },
    h('h2', {}, say('no_token')),
    problem &&
      h(
        'p',
        { class: 'problem', role: 'alert', 'data-testid': 'problem' },
        h('b', {}, pick(problem.title, problem.title_en)),
        h('span', {}, pick(problem.detail, problem.detail_en)),
      ),
    h('p', {}, say('no_token_text')),
    h('pre', {}, 'venuenet serve'),
    h('p', {}, say('no_token_address')),
    h('pre', {}, 'http://127.0.0.1:8000/review#token=…'),
    problem && h('button', { type: 'button', onclick: retry }, say('retry')),
  );
}
