/** What a question and its records are called. Pure but for the language. */

import { pick } from '../i18n';
import type { Answer, Candidate, Card, Question, Reply } from './api';
import { say, sayCode, WORDS, type Word } from './words';

export const cardName = (card: Card): string =>
  pick(card.name_zh ?? '', card.name_en) || card.venue_id;

/** The records to compare: after a merge both are one venue, which is shown once. */
export function records(question: Question): Card[] {
  const seen = new Map(question.venues.map((card) => [card.venue_id, card]));
  return [...seen.values()];
}

/** What a question is about, told apart from its neighbours: the venues' names, or the list. */
export function headline(question: Question): string {
  if (question.kind === 'datum' || question.venues.length === 0) return question.list_title;
  return [...new Set(question.venues.map(cardName))].join(' ／ ');
}

/**
 * The position that accepting takes over: the most precise one a question shows, for a new venue
 * only of those that may stand unseen; none where the venue has a position already.
 */
export function takenOver(question: Question): Candidate | null {
  const [card] = question.venues;
  if (!question.answers.includes('accept') || !card || card.lon !== null) return null;
  const shown = question.candidates.filter((each) => each.usable || question.kind === 'place');
  const metres = (each: Candidate) => each.precision_m ?? Number.POSITIVE_INFINITY;
  return shown.toSorted((a, b) => metres(a) - metres(b))[0] ?? null;
}

/** What an answer did, in words: what its button said, or that it was done. */
export function outcome(question: Question, answer: Answer): string {
  const done = `done_${answer}`;
  return done in WORDS.zh ? say(done as Word) : sayCode(question.kind, answer);
}

/** What an answer was given with: a pin, a venue, a datum. */
export function givenWith({ values }: Reply): string {
  const { lon, lat, ...others } = values;
  const pin = typeof lon === 'number' && typeof lat === 'number' ? `${lon}, ${lat}` : null;
  return [pin, ...Object.values(others).map(String)].filter(Boolean).join(say('comma'));
}
