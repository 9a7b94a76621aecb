/** The pin being moved: where it is, how far it came, whether that is still the right district. */

import type { DistrictShapes } from '../api';
import { h } from '../dom';
import type { Place, Question } from './api';
import type { Direction } from './keys';
import { districtName } from './list';
import { contains, distance, shifted } from './measure';
import { spotsOf } from './spots';
import { metres, say } from './words';

export interface Mover {
  element: HTMLElement;
  place(): Place;
  set(place: Place): void;
  nudge(to: Direction, by: number): void;
}

export interface MoverEvents {
  moved(place: Place): void;
  confirm(): void;
  cancel(): void;
}

/** Where the pin starts: on the record, else on the first possible position, else mid-district. */
export function startOf(question: Question, shapes: DistrictShapes): Place {
  const [spot] = spotsOf(question);
  if (spot) return { lon: spot.lon, lat: spot.lat };
  const { features } = shapes;
  const home =
    features.find(({ properties }) => String(properties.adcode) === question.adcode) ?? features[0];
  return { lon: home?.properties.label_lon ?? 0, lat: home?.properties.label_lat ?? 0 };
}

/** What is odd about a place: not in the district the record names; null when nothing is. */
export function oddity(question: Question, place: Place, shapes: DistrictShapes): string | null {
  const there = shapes.features.find(({ geometry }) => contains(geometry, place));
  if (!there) return say('outside_area');
  const adcode = String(there.properties.adcode);
  if (question.adcode === null || adcode === question.adcode) return null;
  return say('outside', {
    there: districtName(shapes, adcode, ''),
    here: districtName(shapes, question.adcode, question.district_zh ?? ''),
  });
}

export function createMover(
  question: Question,
  shapes: DistrictShapes,
  start: Place,
  events: MoverEvents,
): Mover {
  const from = spotsOf(question)[0] ?? null;
  let place = start;
  const typed = () => {
    const found = { lon: lon.valueAsNumber, lat: lat.valueAsNumber };
    if (Number.isFinite(found.lon) && Number.isFinite(found.lat)) {
      place = found;
      tell();
      events.moved(place);
    } else told.textContent = say('bad_place');
  };
  const field = (testid: string, label: string, limit: number) =>
    h('input', {
      type: 'number',
      step: 'any',
      min: -limit,
      max: limit,
      'aria-label': label,
      'data-testid': testid,
      onchange: typed,
    });
  const lon = field('pin-lon', say('lon'), 180);
  const lat = field('pin-lat', say('lat'), 90);
  const told = h('span', { role: 'status' });
  const odd = h('span', { class: 'odd', role: 'alert', 'data-testid': 'pin-odd' });
  const tell = () => {
    lon.value = place.lon.toFixed(6);
    lat.value = place.lat.toFixed(6);
    told.textContent = from ? say('moved_by', { distance: metres(distance(from, place)) }) : '';
    odd.textContent = oddity(question, place, shapes) ?? '';
  };
  const button = (name: string, key: string, text: string, act: () => void) =>
    h(
      'button',
      { type: 'button', class: name, 'data-testid': `pin-${name}`, onclick: act },
      h('kbd', { 'aria-hidden': 'true' }, key),
      text,
    );
  const element = h(
    'div',
    { class: 'actions mover', role: 'group', 'aria-label': say('moving') },
    h('p', {}, h('b', {}, say('moving')), h('span', {}, say('moving_hint'))),
    h(
      'div',
      { class: 'with' },
      h('label', {}, h('span', {}, say('lon')), lon),
      h('label', {}, h('span', {}, say('lat')), lat),
      told,
      odd,
    ),
    h(
      'div',
      { class: 'buttons' },
      button('confirm', 'Enter', say('confirm'), events.confirm),
      button('cancel', 'Esc', say('cancel'), events.cancel),
    ),
  );
  tell();

  return {
    element,
    place: () => place,
    set(given) {
      place = given;
      tell();
    },
    nudge(to, by) {
      const east = to === 'east' ? by : to === 'west' ? -by : 0;
      const north = to === 'north' ? by : to === 'south' ? -by : 0;
      place = shifted(place, east, north);
      tell();
      events.moved(place);
    },
  };
}
