/** The signs of the map: venue symbols by kind, gap and no-data patterns; the legend uses the same. */

import { COLOURS, NO_DATA_COLOUR } from './classes';
import { svg } from './dom';
import type { VenueKind } from './state';

/** Shape and colour both tell the kind, so neither alone has to. Paths live in a 24 x 24 box. */
const SYMBOLS: Record<VenueKind, { path: string; colour: string }> = {
  center_city: {
    path: 'M12 1.5l3.1 6.6 7.2.9-5.3 5 1.4 7.2L12 17.7l-6.4 3.5L7 14 1.7 9l7.2-.9z',
    colour: '#cf2020',
  },
  center_district: { path: 'M12 2l9.5 10L12 22 2.5 12z', colour: '#7a3e9d' },
  center_n: { path: 'M12 3l9.5 17h-19z', colour: '#2b7a3a' },
  science_museum: { path: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17z', colour: '#b0216b' },
  base: { path: 'M4.5 4.5h15v15h-15z', colour: '#e09000' },
  other: { path: 'M12 5a7 7 0 1 1 0 14 7 7 0 0 1 0-14z', colour: '#7b868e' },
};
const CLOSED_COLOUR = '#a9b0b5';

export const GAP_COLOURS = { service: '#c2451b', data: '#6a4c9c' } as const;

export const symbolName = (kind: VenueKind, open: boolean): string =>
  `venue-${kind}${open ? '' : '-closed'}`;

/** The symbol as an SVG for the legend and the panel. */
export function symbolIcon(kind: VenueKind, open = true): Element {
  const { path, colour } = SYMBOLS[kind];
  return svg(
    'svg',
    { viewBox: '0 0 24 24', class: 'symbol', 'aria-hidden': 'true' },
    svg('path', { d: path, fill: open ? colour : CLOSED_COLOUR }),
  );
}

/** Drawn at the screen's own density: scaling far down would roughen the edges. */
export const PIXEL_RATIO = Math.max(1, Math.ceil(globalThis.devicePixelRatio ?? 1));

/** CSS pixels of a venue symbol at size 1 on the map. */
const SYMBOL_SIZE = 18;

function paint(size: number, draw: (pen: CanvasRenderingContext2D) => void): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size * PIXEL_RATIO;
  const pen = canvas.getContext('2d');
  if (pen) {
    pen.scale(PIXEL_RATIO, PIXEL_RATIO);
    draw(pen);
  }
  return canvas;
}

function symbolCanvas(kind: VenueKind, open: boolean): HTMLCanvasElement {
  const { path, colour } = SYMBOLS[kind];
  return paint(SYMBOL_SIZE, (pen) => {
    pen.scale(SYMBOL_SIZE / 24, SYMBOL_SIZE / 24);
    const shape = new Path2D(path);
    pen.lineJoin = 'round';
    pen.lineWidth = 3.5;
    pen.strokeStyle = '#fff';
    pen.stroke(shape);
    pen.fillStyle = open ? colour : CLOSED_COLOUR;
    pen.fill(shape);
  });
}

function stripes(background: string, colour: string, width: number): HTMLCanvasElement {
  return paint(8, (pen) => {
    pen.fillStyle = background;
    pen.fillRect(0, 0, 8, 8);
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    for (const x of [-8, 0, 8]) {
      pen.moveTo(x, 8);
      pen.lineTo(x + 8, 0);
    }
    pen.stroke();
  });
}

function dots(background: string, colour: string): HTMLCanvasElement {
  return paint(8, (pen) => {
    pen.fillStyle = background;
    pen.fillRect(0, 0, 8, 8);
    pen.fillStyle = colour;
    for (const [x, y] of [
      [2, 2],
      [6, 6],
    ] as const) {
      pen.beginPath();
      pen.arc(x, y, 1.3, 0, 2 * Math.PI);
      pen.fill();
    }
  });
}

export type Pattern = 'gap-service' | 'gap-data' | 'no-data';

export const patterns: Record<Pattern, () => HTMLCanvasElement> = {
  'gap-service': () => stripes('rgb(255 246 240 / 78%)', GAP_COLOURS.service, 1.5),
  'gap-data': () => dots('rgb(247 244 252 / 78%)', GAP_COLOURS.data),
  'no-data': () => stripes(NO_DATA_COLOUR, '#b4bbbf', 1.2),
};

/** Every image the map style names. */
export function mapImages(): [name: string, image: ImageData][] {
  const kinds = Object.keys(SYMBOLS) as VenueKind[];
  const canvases: [string, HTMLCanvasElement][] = [
    ...kinds.flatMap((kind) =>
      [true, false].map((open): [string, HTMLCanvasElement] => [
        symbolName(kind, open),
        symbolCanvas(kind, open),
      ]),
    ),
    ...Object.entries(patterns).map(([name, draw]): [string, HTMLCanvasElement] => [name, draw()]),
  ];
  return canvases.flatMap(([name, canvas]) => {
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height);
    return pixels ? [[name, pixels] as [string, ImageData]] : [];
  });
}

/** A legend swatch with a pattern or a class colour. */
export function swatch(fill: Pattern | number): HTMLElement {
  const box = document.createElement('span');
  box.className = 'swatch';
  box.setAttribute('aria-hidden', 'true');
  if (typeof fill === 'number') {
    box.style.backgroundColor = COLOURS[fill] ?? NO_DATA_COLOUR;
  } else {
    box.style.backgroundImage = `url(${patterns[fill]().toDataURL()})`;
    box.style.backgroundSize = '8px 8px';
  }
  return box;
}
