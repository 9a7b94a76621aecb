/** District names over the map, as HTML: no glyph server, any system font, nothing overlapping. */

import { type Map as MapLibre, Marker } from 'maplibre-gl';
import { h } from './dom';

export interface LabelText {
  name: string;
  value: string;
}

interface Label {
  marker: Marker;
  root: HTMLElement;
  name: HTMLElement;
  value: HTMLElement;
}

/** Room left and right of the text, in CSS pixels, both sides together. */
const PADDING = 6;

type Box = [left: number, top: number, right: number, bottom: number];

const overlaps = (a: Box, b: Box): boolean =>
  a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/**
 * Decide what fits: first every name in order, then under each name its value.
 * `sizes` are CSS pixels: the name's width and height, then the value's.
 */
export function whatFits(
  places: readonly { x: number; y: number; sizes: readonly [number, number, number, number] }[],
): ('hidden' | 'name' | 'full')[] {
  const boxes: (Box | null)[] = [];
  for (const { x, y, sizes } of places) {
    const [width, height] = sizes;
    const box: Box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
    boxes.push(boxes.some((other) => other && overlaps(box, other)) ? null : box);
  }
  return places.map(({ x, y, sizes: [w1, h1, w2, h2] }, index) => {
    if (!boxes[index]) return 'hidden';
    const width = Math.max(w1, w2);
    const height = h1 + h2;
    const box: Box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
    if (boxes.some((other, i) => i !== index && other && overlaps(box, other))) return 'name';
    boxes[index] = box;
    return 'full';
  });
}

export interface Labels {
  set(texts: ReadonlyMap<string, LabelText>): void;
  /** Place the labels, `first` before all others; with their values where asked and possible. */
  arrange(first: string | null, values: boolean): void;
}

export function createLabels(
  map: MapLibre,
  anchors: readonly { adcode: string; lon: number; lat: number }[],
): Labels {
  const labels = new Map<string, Label>();
  let sizes = new Map<string, readonly [number, number, number, number]>();
  for (const { adcode, lon, lat } of anchors) {
    const name = h('b');
    const value = h('span');
    const root = h('div', { class: 'district-label', 'aria-hidden': 'true' }, name, value);
    const marker = new Marker({ element: root }).setLngLat([lon, lat]).addTo(map);
    labels.set(adcode, { marker, root, name, value });
  }

  return {
    set(texts) {
      for (const [adcode, label] of labels) {
        label.name.textContent = texts.get(adcode)?.name ?? '';
        label.value.textContent = texts.get(adcode)?.value ?? '';
        label.root.dataset.fit = 'full';
      }
      sizes = new Map(
        [...labels].map(([adcode, { name, value }]) => [
          adcode,
          [
            name.offsetWidth + PADDING,
            name.offsetHeight,
            value.offsetWidth + PADDING,
            value.offsetHeight,
          ],
        ]),
      );
    },
    arrange(first, values) {
      const order = [...labels].sort(([a], [b]) => Number(b === first) - Number(a === first));
      const decided = whatFits(
        order.map(([adcode, { marker }]) => ({
          ...map.project(marker.getLngLat()),
          sizes: sizes.get(adcode) ?? [0, 0, 0, 0],
        })),
      );
      order.forEach(([, label], index) => {
        const fits = decided[index] ?? 'hidden';
        label.root.dataset.fit = fits === 'full' && !values ? 'name' : fits;
      });
    },
  };
}
