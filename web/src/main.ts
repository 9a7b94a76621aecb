/**
 * The page: one state, one way to change it (`update`), one way to show it (`refresh`).
 * Every answer is kept, so `refresh` simply asks for all that the state needs.
 */

import type { FeatureCollection } from 'geojson';
import {
  ApiError,
  ask,
  type CoverageAnswer,
  type DistrictAnswer,
  type DistrictShapes,
  type Envelope,
  type GapsAnswer,
  type Problem,
  paths,
  problemOf,
  type Standard,
  type Venue,
} from './api';
import { type Controls, countedKinds, createControls, findStandard } from './controls';
import { district } from './district';
import { h } from './dom';
import * as f from './format';
import { nameOf, pick, setLanguage, t } from './i18n';
import { legend } from './legend';
import { createMap, type GapShapes, type MapView, type Target } from './map';
import { notes } from './notes';
import { gapCard, venueCard } from './popups';
import { ranking } from './ranking';
import { DEFAULTS, formatState, gapsShown, parseState, type State } from './state';
import { type Flags, learnFlags, learnTravel, type Travelling, travellerText } from './words';

const LANGUAGE_KEY = 'venuenet.lang';
const PHONE = '(max-width: 760px)';
/** Wide enough for the legend to stand open beside the city. */
const ROOMY = '(min-width: 1100px)';

/** What stays the same while the page is open. */
interface Fixed {
  shapes: DistrictShapes;
  venues: readonly Venue[];
  standards: readonly Standard[];
}

const shell = {
  header: h('header', { class: 'top' }),
  map: h('div', { class: 'map-canvas', role: 'region' }),
  tools: h('div', { class: 'map-tools' }),
  legend: h('div', { class: 'map-legend' }),
  tooltip: h('div', { class: 'tooltip', hidden: true, 'aria-hidden': 'true' }),
  controls: h('div'),
  status: h('p', { class: 'status', role: 'status' }),
  view: h('div', { id: 'view' }),
  notes: h('div'),
};

let state = parseState(location.search, stored());
let fixed: Fixed | null = null;
let map: MapView | null = null;
let controls: Controls | null = null;
let city: CoverageAnswer | null = null;
let legendOpen = matchMedia(ROOMY).matches;
let run = 0;
let wentTo: string | null = null;
let gapsDrawn: GapShapes | null = null;
/** A gap asked for in the list while the zones were switched off: shown once they are drawn. */
let wantedGap: string | null = null;

/* ---- state ---- */

function stored(): string | null {
  try {
    return localStorage.getItem(LANGUAGE_KEY);
  } catch {
    return null; // storage may be switched off
  }
}

function update(change: Partial<State>): void {
  const before = state;
  state = { ...state, ...change };
  const link = formatState(state);
  if (state.district !== before.district) history.pushState(null, '', link);
  else history.replaceState(null, '', link);
  follow(before);
}

/** Bring the page to `state`, however it was reached. */
function follow(before: State): void {
  if (state.lang !== before.lang) {
    try {
      localStorage.setItem(LANGUAGE_KEY, state.lang);
    } catch {
      // the link still carries the language
    }
    showFrame();
  }
  void refresh();
}

window.addEventListener('popstate', () => {
  const before = state;
  state = parseState(location.search, stored());
  follow(before);
});

/* ---- data ---- */

const kept = new Map<string, Promise<unknown>>();

function get<T>(path: string): Promise<T> {
  let answer = kept.get(path) as Promise<T> | undefined;
  if (!answer) {
    answer = ask<T>(path);
    kept.set(path, answer);
    answer.catch(() => kept.delete(path));
  }
  return answer;
}

interface View {
  city: CoverageAnswer;
  district: DistrictAnswer | null;
  gaps: GapsAnswer | null;
  shapes: GapShapes | null;
  subway: FeatureCollection | null;
}

async function load(): Promise<View> {
  const chosen = state.district;
  const [city, district, gaps, shapes, subway] = await Promise.all([
    get<CoverageAnswer>(paths.coverage(state)),
    chosen ? get<DistrictAnswer>(paths.district(state, chosen)) : null,
    chosen ? get<GapsAnswer>(paths.gaps(state, chosen)) : null,
    gapsShown(state) ? get<GapShapes>(paths.gapShapes(state, chosen)) : null,
    state.hidden.includes('subway') ? null : get<FeatureCollection>(paths.subway),
  ]);
  const snapshots = new Set([city, district, gaps].flatMap((each) => each?.snapshot ?? []));
  if (snapshots.size > 1) {
    kept.clear(); // the data was rebuilt while the page was open
    return load();
  }
  return { city, district, gaps, shapes, subway };
}

/* ---- showing ---- */

/** Replace the content of a place, keeping the keyboard focus and what was folded open or shut. */
function put(place: HTMLElement, ...content: (Node | string)[]): void {
  const active = document.activeElement;
  const focus = place.contains(active) ? active?.getAttribute('data-focus') : null;
  const folds = [...place.querySelectorAll<HTMLDetailsElement>('.fold')];
  place.replaceChildren(...content);
  for (const { dataset, open } of folds) {
    const fold = place.querySelector<HTMLDetailsElement>(`.fold[data-testid="${dataset.testid}"]`);
    if (fold) fold.open = open;
  }
  if (focus) place.querySelector<HTMLElement>(`[data-focus="${focus}"]`)?.focus();
}

/** What depends on the language only. */
function showFrame(): void {
  setLanguage(state.lang);
  document.documentElement.lang = state.lang === 'zh' ? 'zh-CN' : 'en';
  document.title = t('title') + travellerText();
  put(
    shell.header,
    h('a', { class: 'skip', href: '#view' }, t('skip')),
    h('h1', {}, t('title') + travellerText()),
    h(
      'button',
      {
        type: 'button',
        class: 'language',
        'data-testid': 'language',
        'data-focus': 'language',
        'aria-label': t('switch_language'),
        lang: state.lang === 'zh' ? 'en' : 'zh-CN',
        onclick: () => update({ lang: state.lang === 'zh' ? 'en' : 'zh' }),
      },
      t('other_language'),
    ),
  );
  const tool = (sign: string, label: string, act: () => void) =>
    h('button', { type: 'button', 'aria-label': label, title: label, onclick: act }, sign);
  put(
    shell.tools,
    tool('+', t('zoom_in'), () => map?.zoom(1)),
    tool('−', t('zoom_out'), () => map?.zoom(-1)),
    tool('⌂', t('zoom_city'), () => map?.goTo(null)),
  );
  (shell.map.querySelector('canvas') ?? shell.map).setAttribute('aria-label', t('map_label'));
  if (fixed) {
    controls = createControls(fixed.standards, update);
    put(shell.controls, controls.element);
  }
}

function showLegend(): void {
  if (!fixed) return;
  const box = legend(
    state,
    fixed.venues,
    countedKinds(findStandard(fixed.standards, state)?.kinds ?? state.kinds),
    legendOpen,
    update,
  ) as HTMLDetailsElement;
  box.addEventListener('toggle', () => {
    legendOpen = box.open;
  });
  const scrolled = shell.legend.firstElementChild?.scrollTop ?? 0;
  put(shell.legend, box);
  box.scrollTo(0, scrolled);
}

function showNotes(envelope: Envelope | null): void {
  put(shell.notes, notes(envelope));
}

function showProblem(problem: Problem, retry: () => void): void {
  document.body.dataset.ready = 'error';
  map?.setCoverage([], new Map()); // never colours of another question than the one shown
  map?.setGaps(null);
  gapsDrawn = null;
  shell.status.textContent = '';
  shell.view.removeAttribute('aria-busy');
  put(
    shell.view,
    h(
      'div',
      { class: 'problem', role: 'alert', 'data-testid': 'problem' },
      h('h2', {}, pick(problem.title, problem.title_en)),
      h('p', {}, pick(problem.detail, problem.detail_en)),
      problem.allowed?.length
        ? h('p', { class: 'hint' }, `${t('allowed')}: ${problem.allowed.join(', ')}`)
        : null,
      h(
        'p',
        { class: 'files' },
        h('button', { type: 'button', onclick: retry }, t('retry')),
        h(
          'button',
          { type: 'button', onclick: () => update({ ...DEFAULTS, lang: state.lang }) },
          t('reset'),
        ),
      ),
    ),
  );
}

function problemFrom(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  console.error(error);
  return problemOf(0, null);
}

async function refresh(): Promise<void> {
  if (!fixed) return;
  run += 1;
  const mine = run;
  document.body.dataset.ready = 'false';
  shell.status.textContent = t('loading');
  shell.view.setAttribute('aria-busy', 'true');
  controls?.sync(state);
  showLegend();
  map?.closePopup();
  try {
    const view = await load();
    if (mine !== run) return;
    city = view.city;
    showView(view, fixed);
    showNotes(view.city);
    showMap(view, fixed);
    shell.status.textContent = '';
    shell.view.removeAttribute('aria-busy');
    await map?.drawn();
    if (mine === run) document.body.dataset.ready = 'true';
  } catch (error) {
    if (mine === run) showProblem(problemFrom(error), () => void refresh());
  }
}

function showView(view: View, { venues, standards }: Fixed): void {
  if (view.district && view.gaps) {
    const data = { city: view.city, answer: view.district, gaps: view.gaps, venues, standards };
    put(
      shell.view,
      district(data, state, {
        back: () => update({ district: null }),
        gap: (gap) => {
          if (gapsShown(state)) {
            map?.showGap(gap.gap_id);
          } else {
            wantedGap = gap.gap_id;
            update({ gaps: true });
          }
          revealMap();
        },
        venue: (venue) => {
          if (venue.lon === null || venue.lat === null) return;
          if (state.hidden.includes(venue.kind)) {
            update({ hidden: state.hidden.filter((layer) => layer !== venue.kind) });
          }
          map?.centreOn([venue.lon, venue.lat]);
          openVenues([venue.venue_id], [venue.lon, venue.lat]);
          revealMap();
        },
      }),
    );
    return;
  }
  put(
    shell.view,
    ranking(view.city, state, standards, paths.gapShapes(state, null), {
      choose: (adcode) => update({ district: adcode }),
      hover: (adcode) => map?.hover(adcode),
      sort: (sort) => update({ sort }),
    }),
  );
}

function showMap(view: View, { shapes, venues }: Fixed): void {
  if (!map) return;
  const texts = new Map(
    view.city.items.map((row) => [
      row.adcode,
      {
        name: state.lang === 'zh' ? row.name_zh.replace(/区$/, '') : row.name_en,
        value: row.share === null ? t('no_data') : f.share(row.share),
      },
    ]),
  );
  map.setCoverage(view.city.items, texts);
  map.setVenues(venues, state.hidden);
  map.setSubway(view.subway);
  if (view.shapes !== gapsDrawn) {
    gapsDrawn = view.shapes;
    map.showGap(null);
    map.setGaps(view.shapes);
  }
  if (wantedGap) map.showGap(wantedGap);
  wantedGap = null;
  const known = shapes.features.some((s) => String(s.properties.adcode) === state.district);
  const chosen = known ? state.district : null;
  map.choose(chosen);
  if (chosen !== wentTo) {
    wentTo = chosen;
    map.goTo(chosen);
    showTop();
  }
}

/** After choosing a district, or going back, the reader should be looking at the name. */
function showTop(): void {
  const panel = shell.view.parentElement;
  const top = shell.view.offsetTop;
  shell.view.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true });
  if (panel && (matchMedia(PHONE).matches || panel.scrollTop > top)) panel.scrollTo({ top });
}

/** On a phone the map is above the panel and always in sight; elsewhere beside it. */
function revealMap(): void {
  shell.map.scrollIntoView({ block: 'nearest' });
}

/* ---- the map's events ---- */

function openVenues(ids: readonly string[], at: [number, number]): void {
  const found = fixed?.venues.filter((venue) => ids.includes(venue.venue_id)) ?? [];
  if (found.length > 0)
    map?.popup(
      at,
      venueCard(found, () => map?.closePopup()),
    );
}

function clicked(target: Target, at: [number, number]): void {
  map?.closePopup();
  shell.tooltip.hidden = true;
  if (target?.what === 'venues') openVenues(target.ids, at);
  if (target?.what === 'district') update({ district: target.adcode });
  if (target?.what !== 'gap') return;
  if (target.gap.adcode === state.district) {
    map?.popup(
      at,
      gapCard(target.gap, () => map?.closePopup()),
    );
  } else {
    update({ district: target.gap.adcode });
  }
}

function describe(target: Target): [title: string, text: string] | null {
  if (!target || !fixed) return null;
  switch (target.what) {
    case 'district': {
      const row = city?.items.find((each) => each.adcode === target.adcode);
      if (!row) return null;
      const share = row.share === null ? t('no_data') : f.share(row.share);
      const covered =
        row.covered === null
          ? ''
          : `${t('comma')}${t('people_value', { n: f.people(row.covered) })}`;
      return [nameOf(row), `${t('covered')} ${share}${covered}`];
    }
    case 'venues': {
      const names = fixed.venues.filter((v) => target.ids.includes(v.venue_id)).map(nameOf);
      return [names.slice(0, 3).join(t('comma')), names.length > 3 ? `+${names.length - 3}` : ''];
    }
    case 'gap':
      return [
        pick(target.gap.township_zh, target.gap.township_en),
        `${t(target.gap.gap_type)}${t('comma')}${t('people_value', { n: f.people(target.gap.people) })}`,
      ];
    case 'station':
      return [target.name_zh, t('subway')];
  }
}

function hovered(target: Target, x: number, y: number): void {
  const adcode = target?.what === 'district' ? target.adcode : null;
  map?.hover(adcode);
  for (const row of shell.view.querySelectorAll<HTMLElement>('[data-testid="district-row"]')) {
    row.classList.toggle('hover', row.dataset.adcode === adcode);
  }
  const words = describe(target);
  shell.tooltip.hidden = !words;
  if (!words) return;
  shell.tooltip.replaceChildren(h('b', {}, words[0]), h('span', {}, words[1]));
  const right = x > shell.map.clientWidth - 220;
  shell.tooltip.style.transform = `translate(${x}px, ${y}px) translate(${right ? 'calc(-100% - 14px)' : '14px'}, 14px)`;
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') map?.closePopup();
});

/* ---- start ---- */

async function start(): Promise<void> {
  document.body.dataset.ready = 'false';
  showFrame();
  showNotes(null);
  shell.status.textContent = t('loading');
  try {
    const [shapes, venues, standards, words] = await Promise.all([
      get<DistrictShapes>(paths.districts),
      get<{ items: Venue[] }>(paths.venues),
      get<{ items: Standard[] }>(paths.standards),
      get<{ flags: Flags } & Travelling>(paths.words),
    ]);
    learnFlags(words.flags);
    learnTravel(words);
    fixed = { shapes, venues: venues.items, standards: standards.items };
  } catch (error) {
    showProblem(problemFrom(error), () => void start());
    return;
  }
  try {
    map = await createMap(shell.map, fixed.shapes, { hover: hovered, click: clicked });
  } catch (error) {
    console.warn(error);
    shell.map.replaceChildren(
      h('div', { class: 'no-map' }, h('b', {}, t('no_webgl')), h('p', {}, t('no_webgl_hint'))),
    );
  }
  showFrame();
  await refresh();
}

document.body.append(
  shell.header,
  h(
    'main',
    {},
    h('div', { class: 'map' }, shell.map, shell.tools, shell.legend, shell.tooltip),
    h('div', { class: 'panel' }, shell.controls, shell.status, shell.view),
  ),
  shell.notes,
);
void start();
