/** The map itself: it draws what it is given and reports what the reader points at. */

import type { Feature, FeatureCollection, MultiPolygon, Point, Polygon } from 'geojson';
import {
  type GeoJSONSource,
  type MapGeoJSONFeature,
  Map as MapLibre,
  Popup,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { DistrictRow, DistrictShapes, Gap, Venue } from './api';
import { classOf } from './classes';
import { type Bounds, boundsOf } from './geo';
import { createLabels, type LabelText } from './labels';
import { STYLE } from './layers';
import type { Layer } from './state';
import { mapImages, PIXEL_RATIO, symbolName } from './symbols';

setWorkerUrl(workerUrl);

export type GapShapes = FeatureCollection<Polygon | MultiPolygon, Gap>;

/** What lies under the pointer, topmost first. */
export type Target =
  | { what: 'venues'; ids: string[] }
  | { what: 'gap'; gap: Gap }
  | { what: 'station'; name_zh: string }
  | { what: 'district'; adcode: string }
  | null;

export interface MapEvents {
  hover(target: Target, x: number, y: number): void;
  click(target: Target, at: [number, number]): void;
}

export interface MapView {
  setCoverage(rows: readonly DistrictRow[], texts: ReadonlyMap<string, LabelText>): void;
  setVenues(venues: readonly Venue[], hidden: readonly Layer[]): void;
  setSubway(lines: FeatureCollection | null): void;
  setGaps(gaps: GapShapes | null): void;
  hover(adcode: string | null): void;
  choose(adcode: string | null): void;
  goTo(adcode: string | null): void;
  showGap(gapId: string | null): void;
  zoom(step: 1 | -1): void;
  popup(at: [number, number], content: HTMLElement): void;
  centreOn(at: [number, number]): void;
  closePopup(): void;
  /** Resolves once everything given so far is on the screen. */
  drawn(): Promise<void>;
}

/** Below this, on a phone showing the whole city, names alone fill the map. */
const VALUES_FROM_ZOOM = 7.4;

/** The legend lies over the right edge, on a phone over the top: keep shapes clear of it. */
function padding(container: HTMLElement) {
  const wide = container.clientWidth > 640;
  return wide
    ? { top: 20, bottom: 28, left: 20, right: 300 }
    : { top: 48, bottom: 12, left: 12, right: 12 };
}

export async function createMap(
  container: HTMLElement,
  shapes: DistrictShapes,
  events: MapEvents,
): Promise<MapView> {
  const city = boundsOf(...shapes.features.map((f) => f.geometry)) as Bounds;
  const map = new MapLibre({
    container,
    style: STYLE,
    bounds: city,
    fitBoundsOptions: { padding: padding(container) },
    maxBounds: [city[0] - 1.5, city[1] - 1, city[2] + 1.5, city[3] + 1],
    minZoom: 6,
    maxZoom: 16,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    // Without it the map is blank when a planner prints the page.
    canvasContextAttributes: { preserveDrawingBuffer: true },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ maxWidth: 90 }), 'bottom-left');
  await map.once('load');
  for (const [name, image] of mapImages()) map.addImage(name, image, { pixelRatio: PIXEL_RATIO });

  const source = (id: string) => map.getSource(id) as GeoJSONSource;
  const adcodes = shapes.features.map((feature) => String(feature.properties.adcode));
  source('districts').setData(shapes);
  const anchors = shapes.features.map(({ properties, geometry }) => {
    const box = boundsOf(geometry) as Bounds;
    return {
      adcode: String(properties.adcode),
      lon: properties.label_lon ?? (box[0] + box[2]) / 2,
      lat: properties.label_lat ?? (box[1] + box[3]) / 2,
      size: (box[2] - box[0]) * (box[3] - box[1]),
    };
  });
  // Where names collide the larger district keeps its own.
  const labels = createLabels(
    map,
    anchors.sort((a, b) => b.size - a.size),
  );

  let chosen: string | null = null;
  let hovered: string | null = null;
  let chosenGap: string | null = null;
  let gapShapes: GapShapes | null = null;
  let open: Popup | null = null;
  let opener: Element | null = null;

  /** Close the popup; whoever was reading it with the keyboard returns to where it was opened. */
  const close = () => {
    const inside = open?.getElement()?.contains(document.activeElement);
    open?.remove();
    open = null;
    if (inside && opener instanceof HTMLElement) opener.focus();
  };

  const arrange = () => labels.arrange(chosen, map.getZoom() > VALUES_FROM_ZOOM);
  map.on('move', arrange);
  map.on('resize', arrange);

  const LAYERS = ['venue', 'gap-service', 'gap-data', 'subway-station', 'district'];
  const targetAt = (point: { x: number; y: number }): Target => {
    const slack = 3;
    const found = map.queryRenderedFeatures(
      [
        [point.x - slack, point.y - slack],
        [point.x + slack, point.y + slack],
      ],
      { layers: ['venue'] },
    );
    if (found.length > 0) {
      return {
        what: 'venues',
        ids: [...new Set(found.map((f) => String(f.properties.venue_id)))],
      };
    }
    const top: MapGeoJSONFeature | undefined = map.queryRenderedFeatures([point.x, point.y], {
      layers: LAYERS,
    })[0];
    if (!top) return null;
    if (top.source === 'subway') {
      return { what: 'station', name_zh: String(top.properties.name_zh) };
    }
    if (top.source === 'gaps') {
      const shape = gapShapes?.features.find((f) => f.properties.gap_id === top.properties.gap_id);
      return shape ? { what: 'gap', gap: shape.properties } : null;
    }
    return { what: 'district', adcode: String(top.properties.adcode) };
  };

  // Browsers follow a tap with mouse events; a tap is not a hover.
  let touch = false;
  for (const name of ['pointerdown', 'pointermove'] as const) {
    container.addEventListener(name, (event) => {
      touch = event.pointerType === 'touch';
    });
  }
  map.on('mousemove', ({ point }) => {
    if (touch) return;
    const target = targetAt(point);
    map.getCanvas().style.cursor = target && target.what !== 'station' ? 'pointer' : '';
    events.hover(target, point.x, point.y);
  });
  map.on('mouseout', () => events.hover(null, 0, 0));
  map.on('click', ({ point, lngLat }) => events.click(targetAt(point), [lngLat.lng, lngLat.lat]));

  const setState = (adcode: string | null, state: Record<string, boolean>) => {
    if (adcode) map.setFeatureState({ source: 'districts', id: adcode }, state);
  };
  const go = (box: Bounds | null, maxZoom: number) => {
    if (box) map.fitBounds(box, { padding: padding(container), maxZoom, duration: 700 });
  };

  return {
    setCoverage(rows, texts) {
      const classes = new Map(rows.map((row) => [row.adcode, classOf(row.share)]));
      for (const adcode of adcodes) {
        map.setFeatureState(
          { source: 'districts', id: adcode },
          { klass: classes.get(adcode) ?? -1 },
        );
      }
      const missing = adcodes.filter((adcode) => (classes.get(adcode) ?? null) === null);
      map.setFilter('district-no-data', [
        'in',
        ['to-string', ['get', 'adcode']],
        ['literal', missing],
      ]);
      labels.set(texts);
      arrange();
    },
    setVenues(venues, hidden) {
      const order = { hub: 3, branch: 2, node: 1, '-': 0 };
      const features = venues.flatMap((venue): Feature<Point>[] => {
        if (venue.lon === null || venue.lat === null || hidden.includes(venue.kind)) return [];
        const isOpen = venue.status === 'open' || venue.status === 'unknown';
        return [
          {
            type: 'Feature',
            geometry: { type: 'Point', coordinates: [venue.lon, venue.lat] },
            properties: {
              venue_id: venue.venue_id,
              kind: venue.kind,
              tier: venue.tier,
              symbol: symbolName(venue.kind, isOpen),
              order:
                (order[venue.tier] ?? 0) + (venue.kind === 'other' ? -2 : 0) - (isOpen ? 0 : 3),
            },
          },
        ];
      });
      source('venues').setData({ type: 'FeatureCollection', features });
    },
    setSubway(lines) {
      source('subway').setData(lines ?? { type: 'FeatureCollection', features: [] });
    },
    setGaps(gaps) {
      gapShapes = gaps;
      source('gaps').setData(gaps ?? { type: 'FeatureCollection', features: [] });
    },
    hover(adcode) {
      if (adcode === hovered) return;
      setState(hovered, { hover: false });
      hovered = adcode;
      setState(hovered, { hover: true });
    },
    choose(adcode) {
      chosen = adcode;
      for (const each of adcodes) {
        setState(each, { chosen: each === adcode, dim: adcode !== null && each !== adcode });
      }
      arrange();
    },
    goTo(adcode) {
      const shape = shapes.features.find((f) => String(f.properties.adcode) === adcode);
      go(shape ? boundsOf(shape.geometry) : city, 13);
    },
    showGap(gapId) {
      if (chosenGap) map.setFeatureState({ source: 'gaps', id: chosenGap }, { chosen: false });
      chosenGap = gapId;
      if (!gapId) return;
      map.setFeatureState({ source: 'gaps', id: gapId }, { chosen: true });
      const shape = gapShapes?.features.find((f) => f.properties.gap_id === gapId);
      if (shape) go(boundsOf(shape.geometry), 12.5);
    },
    zoom(step) {
      if (step > 0) map.zoomIn();
      else map.zoomOut();
    },
    popup(at, content) {
      close();
      opener = document.activeElement;
      open = new Popup({ closeButton: false, closeOnClick: false, maxWidth: '300px', offset: 10 })
        .setLngLat(at)
        .setDOMContent(content)
        .addTo(map);
    },
    centreOn(at) {
      map.easeTo({ center: at, zoom: Math.max(map.getZoom(), 12.5), duration: 700 });
    },
    closePopup: close,
    async drawn() {
      map.triggerRepaint();
      await map.once('idle');
    },
  };
}
