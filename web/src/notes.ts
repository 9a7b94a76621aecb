/** The line below every view: date, sources, standing. */

import type { Envelope, Travel } from './api';
import { h } from './dom';
import { pick, t } from './i18n';

/** How much of the snapshot's hash is shown; the rest is in the tooltip. */
const SHORT = 10;

export function notes(envelope: (Envelope & { travel?: Travel }) | null): HTMLElement {
  return h(
    'footer',
    { class: 'notes' },
    envelope && h('span', { 'data-testid': 'as-of' }, t('as_of', { date: envelope.as_of })),
    h('span', {}, t('modelled')),
    h('span', {}, t('sketch')),
    h('span', {}, t('review_number')),
    envelope &&
      h(
        'span',
        { 'data-testid': 'snapshot', title: envelope.snapshot },
        t('snapshot', { id: envelope.snapshot.slice(0, SHORT) }),
      ),
    envelope?.travel &&
      h(
        'details',
        { class: 'sources', 'data-testid': 'how' },
        h('summary', {}, t('how')),
        h('ul', {}, h('li', {}, `${pick(envelope.travel.zh, envelope.travel.en)}${t('stop')}`)),
      ),
    envelope &&
      h(
        'details',
        { class: 'sources', 'data-testid': 'sources' },
        h('summary', {}, t('sources', { n: envelope.sources.length })),
        h(
          'ul',
          {},
          envelope.sources.map((source) =>
            h(
              'li',
              {},
              h('b', {}, pick(source.title, source.title_en)),
              ` ${source.date}`,
              h('br'),
              h('span', {}, `${t('licence')}: ${source.licence}. ${source.attribution}`),
            ),
          ),
        ),
      ),
  );
}
