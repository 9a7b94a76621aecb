/** What lies on the desk: the questions, the one shown, the pin in hand; and how it is laid out. */

import type { DistrictShapes, Problem } from '../api';
import { pick, setLanguage } from '../i18n';
import type { Lang } from '../state';
import { type Actions, createActions } from './actions';
import type { Answer, Client, Place, Question, Questions } from './api';
import { detail } from './detail';
import { tellKeys } from './dialogs';
import { choose, list } from './list';
import type { Ground, ReviewMap } from './map';
import type { Mover } from './mover';
import { put, shell, showFrame, showNotes, showProblem, showTools } from './page';
import { formatView, type Group, grouped, order, parseView, type View } from './queue';
import { decisions, storedLanguage } from './session';

export interface Desk {
  lang: Lang;
  view: View;
  client: Client | null;
  ground: Ground | null;
  map: ReviewMap | null;
  data: Questions;
  /** Ids of the questions listed, in order. */
  ids: string[];
  actions: Actions | null;
  mover: Mover | null;
  /** What to say of the map, once the registry has changed. */
  outdated: readonly [zh: string, en: string] | null;
}

export const desk: Desk = {
  lang: storedLanguage.get() === 'en' ? 'en' : 'zh',
  view: parseView(location.search),
  client: null,
  ground: null,
  map: null,
  data: { revision: 0, items: [], counts: { open: 0, asked: 0, answered: 0 } },
  ids: [],
  actions: null,
  mover: null,
  outdated: null,
};

/** What happens when something on the desk is pressed. */
export interface DeskEvents {
  view(change: Partial<View>): void;
  answer(answer: Answer): void;
  move(start: Place | undefined): void;
  undoLast(): void;
  undo(question: Question): void;
  reviewer(): void;
}

let events: DeskEvents;

export function listen(to: DeskEvents): void {
  events = to;
}

export function current(): Question | null {
  return desk.data.items.find((question) => question.id === desk.view.question) ?? null;
}

export function tell(text: string): void {
  shell.status.textContent = text;
}

/** What depends on the language and the reviewer only. */
export function layFrame(): void {
  setLanguage(desk.lang);
  showFrame(desk.lang, {
    language(to) {
      desk.lang = to;
      storedLanguage.set(to);
      stopMoving();
      tell('');
      layFrame();
      if (desk.client) lay();
    },
    reviewer: () => events.reviewer(),
    help: () => void tellKeys(),
    list: () => document.body.classList.toggle('listing'),
  });
  showTools(desk.map);
  showNotes(desk.outdated && pick(...desk.outdated));
  desk.map?.rename();
}

/**
 * Lay out the list and the question chosen.
 *
 * @param kept a question already shown: it stays as it is, with what was typed and where the map is
 */
export function lay(kept: Question | null = null): void {
  const { data, ground, map } = desk;
  if (!ground) return;
  const groups = grouped(data.items, desk.view);
  desk.ids = order(groups);
  if (desk.view.question === null || !desk.ids.includes(desk.view.question)) {
    desk.view = { ...desk.view, question: desk.ids[0] ?? null };
  }
  history.replaceState(null, '', location.pathname + formatView(desk.view));
  layList(groups, ground.shapes);
  const question = current();
  if (kept && JSON.stringify(kept) === JSON.stringify(question)) return;
  stopMoving();
  const candidate = (index: number) => events.move(question?.candidates[index]);
  put(shell.case, question && detail(question, { candidate }));
  layActions();
  shell.case.scrollTo(0, 0);
  map?.show(question);
}

/** What the list was made of; turning a page only moves the mark on thousands of entries. */
let listed: readonly unknown[] = [];

function layList(groups: readonly Group[], shapes: DistrictShapes): void {
  const { data, view, lang } = desk;
  const made = [data.items, view.state, view.kind, view.district, lang];
  if (made.some((each, index) => each !== listed[index])) {
    listed = made;
    const scrolled = shell.queue.querySelector('.groups')?.scrollTop ?? 0;
    put(shell.queue, ...list(data, groups, shapes, view, { view: events.view }));
    shell.queue.querySelector('.groups')?.scrollTo(0, scrolled);
  }
  choose(shell.queue, view.question);
}

export function layActions(): void {
  const question = current();
  desk.actions =
    question &&
    createActions(question, decisions().length > 0, {
      answer: events.answer,
      undo: events.undoLast,
      undoThis: () => events.undo(question),
    });
  put(shell.acts, desk.actions?.element ?? null);
}

export function stopMoving(): void {
  if (!desk.mover) return;
  desk.mover = null;
  desk.map?.pin(null);
  layActions();
}

export function refuse(problem: Problem): void {
  tell('');
  showProblem(problem);
}
