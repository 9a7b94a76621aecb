/** The review page: it asks for the questions, and sends what the reviewer decides. */

import type { FeatureCollection } from 'geojson';
import {
  ApiError,
  ask,
  type DistrictShapes,
  type Problem,
  paths,
  problemOf,
  type Venue,
} from '../api';
import { h } from '../dom';
import { pick } from '../i18n';
import {
  type Answer,
  type Client,
  createClient,
  type Place,
  type Question,
  type Settled,
  type Values,
} from './api';
import { current, desk, lay, layActions, layFrame, listen, refuse, stopMoving, tell } from './desk';
import { askInto, askWho, dialogOpen, lettersOn, tellKeys, tellMessage } from './dialogs';
import { type Command, commandOf } from './keys';
import { createMap } from './map';
import { message } from './message';
import { createMover, startOf } from './mover';
import { headline, outcome } from './naming';
import { mount, put, shell, showNotes, showProblem, welcome } from './page';
import { following, grouped, order, step, type View } from './queue';
import { decisions, forget, remember, takeToken, who } from './session';
import { say } from './words';

/** A change is on its way: nothing else can be decided. */
let busy = false;
/** When the last decision was made: a key struck twice must not decide the next question as well. */
let decidedAt = Number.NEGATIVE_INFINITY;
const TOO_SOON_MS = 400;
/** Counts changes, so that an answer read before the last one is not laid out after it. */
let round = 0;

function problemFrom(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  console.error(error);
  return problemOf(0, null);
}

function working(now: boolean): void {
  busy = now;
  desk.actions?.busy(now);
  if (now) document.body.dataset.ready = 'false';
}

/* ---- reading ---- */

function change(part: Partial<View>): void {
  const other = part.state !== undefined && part.state !== desk.view.state;
  desk.view = { ...desk.view, ...part };
  stopMoving();
  showProblem(null);
  if (part.question) document.body.classList.remove('listing');
  if (other) void reload();
  else lay();
}

/** Read the questions again; the one shown stays as it is where nothing about it changed. */
async function reload(): Promise<void> {
  const { client, map, view } = desk;
  if (!client) return;
  round += 1;
  const mine = round;
  document.body.dataset.ready = 'false';
  try {
    const found = await client.questions(view.state);
    if (mine !== round) return;
    const kept = current();
    desk.data = found;
    lay(kept);
  } catch (error) {
    if (mine !== round) return;
    refuse(problemFrom(error));
  }
  await map?.drawn();
  if (mine === round) document.body.dataset.ready = 'true';
}

/* ---- deciding ---- */

async function reviewer(always: boolean): Promise<string | null> {
  const known = who.get();
  if (known && !always) return known;
  const given = await askWho(known ?? '');
  if (given) {
    who.set(given);
    layFrame();
  }
  return given;
}

/** Send one change; null where it was not made, the refusal told. */
async function send(
  work: (client: Client, name: string, why: string) => Promise<Settled>,
  conflict = () => {},
): Promise<Settled | null> {
  const { client } = desk;
  if (busy || !client) return null;
  const why = desk.actions?.why() ?? '';
  const name = await reviewer(false);
  if (!name) return null;
  round += 1; // whatever is being read now is of the time before
  working(true);
  showProblem(null);
  tell(say('saving'));
  try {
    const settled = await work(client, name, why);
    if (settled.note_zh) desk.outdated = [settled.note_zh, settled.note_en ?? settled.note_zh];
    showNotes(desk.outdated && pick(...desk.outdated));
    return settled;
  } catch (error) {
    const problem = problemFrom(error);
    if (problem.status === 409) conflict();
    await reload(); // somebody else may have settled it
    refuse(problem);
    return null;
  } finally {
    working(false);
  }
}

async function decide(answer: Answer, values: Values = {}): Promise<void> {
  const question = current();
  if (!question) return;
  const { id } = question;
  const title = headline(question);
  const settled = await send((to, name, why) => to.decide(id, answer, name, why, values));
  if (!settled) return;
  decidedAt = performance.now();
  remember({ receipt: settled.receipt.number, question: id, title });
  stopMoving();
  // On to the next at once; the list is read again behind it.
  const before = desk.ids;
  const { items, counts } = desk.data;
  const done = answer === 'ask' ? 'asked' : 'answered';
  desk.data.items =
    answer === 'ask'
      ? items.map((each) => (each.id === id ? { ...each, state: done } : each))
      : items.filter((each) => each.id !== id);
  counts[question.state] -= 1;
  counts[done] += 1;
  const others = order(grouped(desk.data.items, desk.view)).filter((each) => each !== id);
  desk.view = { ...desk.view, question: following(before, id, others) };
  lay();
  const left = counts.open + counts.asked;
  tell(say('said_done', { answer: outcome(question, answer), title, n: left }));
  void reload();
  if (answer === 'ask') {
    await tellMessage(message(question, who.get() ?? '', new Date().toLocaleDateString('sv-SE')));
  }
}

/** Give an answer, after asking what it needs: a datum, a venue, a pin. */
async function give(answer: Answer): Promise<void> {
  const question = current();
  if (!question || busy) return;
  const open = question.state !== 'answered' && question.answers.includes(answer);
  if (answer === 'split') await split(question);
  else if (!open) tell(say('not_now'));
  else if (answer === 'move') move(startOf(question, shapes()));
  else if (question.kind === 'datum' && answer === 'accept') {
    const datum = desk.actions?.datum();
    if (datum) return decide(answer, { datum });
    desk.actions?.askForDatum();
    tell(say('datum_first'));
  } else if (question.kind === 'new' && answer === 'merge') {
    const known = desk.ground?.venues ?? [];
    const into = await askInto(known, headline(question), question.adcode);
    if (into) await decide(answer, { into });
  } else await decide(answer);
}

async function split(question: Question): Promise<void> {
  const { id, merged_id } = question;
  if (!merged_id) return tell(say('not_now'));
  const title = headline(question);
  const settled = await send((to, name, why) => to.split(merged_id, name, why));
  if (!settled) return;
  remember({ receipt: settled.receipt.number, question: id, title });
  await reload();
  tell(say('said_split', { title }));
}

async function undo(receipt: number, question: string | null, title: string): Promise<void> {
  // What cannot be taken back now is no longer offered; the list of the settled still has it.
  const settled = await send(
    (to, name, why) => to.undo(receipt, name, why),
    () => forget(receipt),
  );
  if (!settled) return layActions();
  forget(receipt);
  stopMoving();
  desk.view = { ...desk.view, question: question ?? desk.view.question };
  await reload();
  layActions();
  tell(say('said_undone', { title }));
}

async function undoLast(): Promise<void> {
  const last = decisions().at(-1);
  if (last) await undo(last.receipt, last.question, last.title);
  else tell(say('undo_none'));
}

/* ---- the pin ---- */

function shapes(): DistrictShapes {
  return desk.ground?.shapes ?? { type: 'FeatureCollection', features: [] };
}

function move(start: Place | undefined): void {
  const question = current();
  if (!question?.answers.includes('move') || question.state === 'answered' || !start) return;
  const { map } = desk;
  desk.mover = createMover(question, shapes(), start, {
    moved(place) {
      showProblem(null);
      map?.pin(place);
      map?.goTo(place);
    },
    confirm,
    cancel: stopMoving,
  });
  // desk.actions stays: the reason typed before goes with the move.
  put(shell.acts, desk.mover.element);
  map?.pin(start);
  map?.goTo(start);
}

function confirm(): void {
  if (!desk.mover) return;
  const { lon, lat } = desk.mover.place();
  void decide('move', { lon: Number(lon.toFixed(6)), lat: Number(lat.toFixed(6)) });
}

/* ---- the keyboard ---- */

function run(command: Command): void {
  switch (command.do) {
    case 'next':
    case 'previous':
      change({ question: step(desk.ids, desk.view.question, command.do === 'next' ? 1 : -1) });
      shell.case.querySelector('h2')?.focus({ preventScroll: true });
      break;
    case 'answer':
      if (performance.now() - decidedAt > TOO_SOON_MS) void give(command.answer);
      break;
    case 'candidate':
      move(current()?.candidates[command.index]);
      break;
    case 'nudge':
      desk.mover?.nudge(command.to, command.metres);
      break;
    case 'confirm':
      confirm();
      break;
    case 'cancel':
      stopMoving();
      break;
    case 'undo':
      void undoLast();
      break;
    case 'help':
      void tellKeys();
  }
}

document.addEventListener('keydown', (event) => {
  if (!desk.client || event.isComposing || dialogOpen()) return;
  const on = event.target instanceof Element ? event.target : null;
  if (on?.closest('input, textarea, select') && event.key !== 'Escape') return;
  if (event.key === 'Enter' && on?.closest('button, a')) return;
  const command = commandOf(event, desk.mover !== null, lettersOn());
  if (!command) return;
  event.preventDefault();
  run(command);
});

/* ---- start ---- */

async function start(): Promise<void> {
  const token = takeToken();
  document.body.classList.toggle('locked', !token);
  layFrame();
  if (!token) {
    put(shell.case, welcome(null, start));
    document.body.dataset.ready = 'true';
    return;
  }
  document.body.dataset.ready = 'false';
  tell(say('loading'));
  const client = createClient(token);
  try {
    const [questions, districts, subway, venues] = await Promise.all([
      client.questions(desk.view.state),
      ask<DistrictShapes>(paths.districts),
      ask<FeatureCollection>(paths.subway),
      ask<{ items: Venue[] }>(paths.venues),
    ]);
    desk.data = questions;
    desk.ground = { shapes: districts, subway, venues: venues.items };
    desk.client = client;
  } catch (error) {
    document.body.classList.add('locked');
    put(shell.case, welcome(problemFrom(error), start));
    document.body.dataset.ready = 'error';
    return;
  }
  tell('');
  try {
    desk.map = await createMap(shell.map, desk.ground, (place) => {
      showProblem(null);
      desk.mover?.set(place);
      desk.map?.pin(place);
    });
  } catch (error) {
    console.warn(error);
    shell.map.replaceChildren(
      h('div', { class: 'no-map' }, h('b', {}, say('no_webgl')), h('p', {}, say('no_webgl_hint'))),
    );
  }
  layFrame();
  lay();
  await desk.map?.drawn();
  document.body.dataset.ready = 'true';
}

// A new address of a restarted service, opened in a window that shows the page already.
window.addEventListener('hashchange', () => {
  if (location.hash.includes('token=')) location.reload();
});

listen({
  view: change,
  answer: (answer) => void give(answer),
  move,
  undoLast: () => void undoLast(),
  undo(question) {
    if (question.reply) void undo(question.reply.receipt, question.id, headline(question));
  },
  reviewer: () => void reviewer(true),
});
mount();
void start();
