/** Which questions are shown, in which order, and which comes next. Pure. */

import { KINDS, type Question, type QuestionKind } from './api';

export interface View {
  state: 'open' | 'answered';
  kind: QuestionKind | null;
  /** Adcode; '' are questions of no known district. */
  district: string | null;
  question: string | null;
}

export interface Group {
  adcode: string;
  district_zh: string;
  items: Question[];
}

/** National order of districts; '' last. */
export const byCode = (a: string, b: string): number =>
  Number(a === '') - Number(b === '') || a.localeCompare(b);

/** Questions by district in the national order, those of none last; the asked ones wait below. */
export function grouped(questions: readonly Question[], view: View): Group[] {
  const groups = new Map<string, Group>();
  for (const question of questions) {
    if (view.kind && question.kind !== view.kind) continue;
    const adcode = question.adcode ?? '';
    if (view.district !== null && adcode !== view.district) continue;
    const group = groups.get(adcode) ?? {
      adcode,
      district_zh: question.district_zh ?? '',
      items: [],
    };
    group.items.push(question);
    groups.set(adcode, group);
  }
  for (const group of groups.values()) {
    group.items =
      view.state === 'answered'
        ? group.items.toSorted((a, b) => (b.reply?.receipt ?? 0) - (a.reply?.receipt ?? 0))
        : group.items.toSorted((a, b) => Number(a.state === 'asked') - Number(b.state === 'asked'));
  }
  return [...groups.values()].sort((a, b) => byCode(a.adcode, b.adcode));
}

/** Ids in the order they are shown. */
export function order(groups: readonly Group[]): string[] {
  return groups.flatMap((group) => group.items.map((question) => question.id));
}

/** The id so many steps on, staying within the list; the first where there is none to start from. */
export function step(ids: readonly string[], from: string | null, by: 1 | -1): string | null {
  const at = from === null ? -1 : ids.indexOf(from);
  if (at < 0) return ids[0] ?? null;
  return ids[Math.min(ids.length - 1, Math.max(0, at + by))] ?? null;
}

/** Whom to show when `gone` leaves the list: who followed it, else who stood before it. */
export function following(
  before: readonly string[],
  gone: string | null,
  now: readonly string[],
): string | null {
  const at = gone === null ? 0 : before.indexOf(gone);
  const later = before.slice(at + 1).find((id) => now.includes(id));
  const earlier = before.slice(0, Math.max(0, at)).findLast((id) => now.includes(id));
  return later ?? earlier ?? now[0] ?? null;
}

/** Questions by kind. */
export function countKinds(questions: readonly Question[]): Record<QuestionKind, number> {
  const counts = { same: 0, new: 0, place: 0, datum: 0 };
  for (const { kind } of questions) counts[kind] += 1;
  return counts;
}

/** Read the link; what it does not say, or says wrongly, keeps its default. */
export function parseView(search: string): View {
  const query = new URLSearchParams(search);
  return {
    state: query.get('state') === 'answered' ? 'answered' : 'open',
    kind: KINDS.find((kind) => kind === query.get('kind')) ?? null,
    district: query.get('district'),
    question: query.get('question') || null,
  };
}

/** The shortest link that `parseView` reads back. */
export function formatView(view: View): string {
  const query = new URLSearchParams();
  if (view.state !== 'open') query.set('state', view.state);
  if (view.kind) query.set('kind', view.kind);
  if (view.district !== null) query.set('district', view.district);
  if (view.question) query.set('question', view.question);
  const text = query.toString();
  return text ? `?${text}` : '';
}
