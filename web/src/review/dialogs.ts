/** What is asked or told in a window of its own: who reviews, which venue, the message, the keys. */

import type { Venue } from '../api';
import { h } from '../dom';
import { nameOf } from '../i18n';
import { letters } from './session';
import { say, type Word } from './words';

const FOUND = 30;

export function dialogOpen(): boolean {
  return document.querySelector('dialog[open]') !== null;
}

/** Show a window; resolves when it is closed, with what `close` was given. */
function show<T>(
  testid: string,
  heading: string,
  content: (close: (value: T | null) => void) => (Node | null)[],
): Promise<T | null> {
  return new Promise((resolve) => {
    let value: T | null = null;
    const close = (given: T | null) => {
      value = given;
      dialog.close();
    };
    const dialog = h(
      'dialog',
      { class: 'window', 'data-testid': testid, 'aria-labelledby': 'window-title' },
      h('h2', { id: 'window-title' }, heading),
      content(close),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(value);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

const button = (name: string, text: string, act: () => void, type = 'button') =>
  h('button', { type, class: name, 'data-testid': `window-${name}`, onclick: act }, text);

/** What Enter does at once where nothing is asked. */
const closing = (act: () => void) =>
  h(
    'button',
    { type: 'button', autofocus: true, 'data-testid': 'window-cancel', onclick: act },
    say('close'),
  );

export function askWho(now: string): Promise<string | null> {
  return show<string>('who-window', say('who_title'), (close) => {
    const input = h('input', {
      type: 'text',
      value: now,
      maxlength: 80,
      required: true,
      autofocus: true,
      autocomplete: 'name',
      'data-testid': 'who',
    });
    return [
      h('p', {}, say('who_text')),
      h(
        'form',
        {
          onsubmit: (event: Event) => {
            event.preventDefault();
            const name = input.value.trim();
            if (name) close(name);
          },
        },
        h('label', {}, h('span', {}, say('who_label')), input),
        h(
          'p',
          { class: 'buttons' },
          button('save', say('who_save'), () => {}, 'submit'),
          button('cancel', say('cancel'), () => close(null)),
        ),
      ),
    ];
  });
}

/** Venues whose name or id has the text in it, those of the district first. */
export function findVenues(
  venues: readonly Venue[],
  text: string,
  adcode: string | null,
): readonly Venue[] {
  const plain = (value: string) => value.normalize('NFKC').toLowerCase().replace(/\s+/g, '');
  const wanted = plain(text);
  return venues
    .filter((each) =>
      [each.name_zh, each.name_en, each.venue_id].some((name) => plain(name).includes(wanted)),
    )
    .toSorted((a, b) => Number(b.adcode === adcode) - Number(a.adcode === adcode))
    .slice(0, FOUND);
}

export function askInto(
  venues: readonly Venue[],
  name: string,
  adcode: string | null,
): Promise<string | null> {
  return show<string>('into-window', say('into_title'), (close) => {
    const found = h('ul', { class: 'found' });
    const input = h('input', {
      type: 'search',
      autofocus: true,
      autocomplete: 'off',
      'data-testid': 'into',
      'aria-label': say('into_label'),
      placeholder: say('into_label'),
      oninput: () => search(),
    });
    const byId = (id: string) =>
      h(
        'li',
        {},
        h('button', { type: 'button', onclick: () => close(id) }, say('into_none', { id })),
      );
    const search = () => {
      const rows = findVenues(venues, input.value, adcode).map((venue) =>
        h(
          'li',
          {},
          h(
            'button',
            {
              type: 'button',
              'data-testid': 'into-venue',
              'data-id': venue.venue_id,
              onclick: () => close(venue.venue_id),
            },
            h('b', {}, nameOf(venue)),
            h('span', {}, [venue.venue_id, venue.address_zh].filter(Boolean).join(say('comma'))),
          ),
        ),
      );
      // Registered since the map was computed: its id is all that can be named.
      found.replaceChildren(...(rows.length > 0 ? rows : [byId(input.value.trim())]));
    };
    search();
    return [
      h('p', {}, name),
      input,
      found,
      h(
        'p',
        { class: 'buttons' },
        button('cancel', say('cancel'), () => close(null)),
      ),
    ];
  });
}

export async function tellMessage(text: string): Promise<void> {
  const area = h('textarea', {
    readonly: true,
    rows: 16,
    'data-testid': 'message',
    'aria-label': say('ask_title'),
  });
  area.value = text;
  const copied = h('span', { role: 'status' });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      copied.textContent = say('ask_copied');
    } catch {
      area.select(); // the reader copies it by hand
    }
  };
  await show('ask-window', say('ask_title'), (close) => {
    void copy();
    return [
      h('p', {}, say('ask_text')),
      area,
      h(
        'p',
        { class: 'buttons' },
        button('save', say('ask_copy'), () => void copy()),
        closing(() => close(null)),
        copied,
      ),
    ];
  });
}

const HELP: readonly (readonly [keys: string, word: Word])[] = [
  ['J ↓', 'help_next'],
  ['K ↑', 'help_previous'],
  ['A', 'help_accept'],
  ['R', 'help_reject'],
  ['M', 'help_merge'],
  ['P', 'help_move'],
  ['1–9', 'help_candidate'],
  ['D', 'help_ask'],
  ['S', 'help_split'],
  ['U', 'help_undo'],
  ['?', 'help_help'],
];

/** Single letters can be switched off: speech input and unsteady hands set them off by mistake. */
export const lettersOn = (): boolean => letters.get() !== 'off';

export async function tellKeys(): Promise<void> {
  const box = h('input', {
    type: 'checkbox',
    checked: lettersOn(),
    onchange: () => letters.set(box.checked ? 'on' : 'off'),
  });
  await show('help-window', say('help_title'), (close) => [
    h(
      'dl',
      { class: 'keys' },
      HELP.map(([keys, word]) =>
        h(
          'div',
          {},
          h(
            'dt',
            {},
            keys.split(' ').map((key) => h('kbd', {}, key)),
          ),
          h('dd', {}, say(word)),
        ),
      ),
    ),
    h('label', { class: 'check' }, box, h('span', {}, say('help_letters'))),
    h(
      'p',
      { class: 'buttons' },
      closing(() => close(null)),
    ),
  ]);
}
