/** The right side: where the records are, how far apart and how sure; and the pin to be moved. */

import type { Feature, FeatureCollection, Point } from 'geojson';
import {
  type GeoJSONSource,
  Map as MapLibre,
  Marker,
  type PaddingOptions,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { DistrictShapes, Venue } from '../api';
import { h } from '../dom';
import { type Bounds, boundsOf } from '../geo';
import { language, pick } from '../i18n';
import { createLabels } from '../labels';
import type { Place, Question } from './api';
import { circle, distance } from './measure';
import { type Spot, spotsOf } from './spots';
import { PIN_COLOUR, STYLE } from './style';
import { metres, say } from './words';

setWorkerUrl(workerUrl);

export interface Ground {
  shapes: DistrictShapes;
  subway: FeatureCollection;
  venues: readonly Venue[];
}

export interface ReviewMap {
  /** Draw a question's places and go there. */
  show(question: Question | null): void;
  /** Put the pin that is being moved somewhere; null takes it away. */
  pin(place: Place | null): void;
  goTo(place: Place): void;
  /** Write the names in the page's language. */
  rename(): void;
  zoom(to: 'in' | 'out' | 'all' | 'district'): void;
  /** Resolves once everything given so far is on the screen. */
  drawn(): Promise<void>;
}

const CLOSEST = 17;
/** A single place says little without the streets' stations around it. */
const CLOSEST_ALONE = 14.5;
/** Stations are named from here on; so many at most, so that the pins stay readable. */
const NAMES_FROM_ZOOM = 11.5;
const NAMES = 24;
/** A circle wider than this would push the points themselves into a corner. */
const WIDEST_M = 4000;
const PADDING: PaddingOptions = { top: 56, bottom: 64, left: 48, right: 56 };

const collection = (features: Feature[]): FeatureCollection => ({
  type: 'FeatureCollection',
  features,
});

export async function createMap(
  container: HTMLElement,
  ground: Ground,
  moved: (place: Place) => void,
): Promise<ReviewMap> {
  const { shapes, subway } = ground;
  const city = boundsOf(...shapes.features.map((shape) => shape.geometry)) as Bounds;
  const map = new MapLibre({
    container,
    style: STYLE,
    bounds: city,
    fitBoundsOptions: { padding: 16 },
    maxBounds: [city[0] - 1.5, city[1] - 1, city[2] + 1.5, city[3] + 1],
    minZoom: 6,
    maxZoom: 18,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    // The page has its own keys; the pin moves with the arrows.
    keyboard: false,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new ScaleControl({ maxWidth: 80 }), 'bottom-left');
  await map.once('load');

  const put = (id: string, data: FeatureCollection) =>
    (map.getSource(id) as GeoJSONSource).setData(data);
  put('districts', shapes);
  put('subway', subway);
  const labels = createLabels(
    map,
    shapes.features.map(({ properties }) => ({
      adcode: String(properties.adcode),
      lon: properties.label_lon,
      lat: properties.label_lat,
    })),
  );

  let spots: Spot[] = [];
  let here: string | null = null;
  let markers: Marker[] = [];
  let names: Marker[] = [];
  let pin: Marker | null = null;

  const stations = subway.features.filter(
    (feature): feature is Feature<Point> => feature.geometry.type === 'Point',
  );
  const nameStations = () => {
    for (const name of names) name.remove();
    names = [];
    if (map.getZoom() < NAMES_FROM_ZOOM) return;
    const bounds = map.getBounds();
    const seen = stations.filter(({ geometry }) =>
      bounds.contains(geometry.coordinates as [number, number]),
    );
    if (seen.length > NAMES) return;
    names = seen.map(({ geometry, properties }) => {
      const text = pick(String(properties?.name_zh ?? ''), String(properties?.name_en ?? ''));
      return new Marker({
        element: h('div', { class: 'station', 'aria-hidden': 'true' }, text),
        anchor: 'top',
        offset: [0, 5],
      })
        .setLngLat(geometry.coordinates as [number, number])
        .addTo(map);
    });
  };
  const arrange = () => labels.arrange(here, false);
  map.on('move', arrange);
  map.on('resize', arrange);
  map.on('moveend', nameStations);
  map.on('click', ({ lngLat }) => {
    if (pin) moved({ lon: lngLat.lng, lat: lngLat.lat });
  });

  const districtBounds = (): Bounds => {
    const shape = shapes.features.find(({ properties }) => String(properties.adcode) === here);
    return (shape && boundsOf(shape.geometry)) || city;
  };
  const go = (bounds: Bounds, maxZoom: number, padding: PaddingOptions | number) =>
    map.fitBounds(bounds, { padding, maxZoom, duration: 0 });
  const goToAll = () => {
    const ends = spots.map((spot) => ({
      type: 'LineString' as const,
      coordinates: circle(spot, Math.min(spot.precision_m ?? 0, WIDEST_M)),
    }));
    const bounds = boundsOf(...ends);
    if (bounds) go(bounds, spots.length > 1 ? CLOSEST : CLOSEST_ALONE, PADDING);
    else go(districtBounds(), 12, 24);
  };

  const showSpots = () => {
    for (const marker of markers) marker.remove();
    markers = spots.map(({ mark, look, colour, lon, lat }) => {
      const element = h(
        'div',
        { class: `spot ${look}`, 'data-testid': 'spot', 'data-mark': mark, 'aria-hidden': 'true' },
        h('b', {}, mark),
      );
      element.style.setProperty('--colour', colour);
      return new Marker({ element }).setLngLat([lon, lat]).addTo(map);
    });
    put(
      'circles',
      collection(
        spots.flatMap((spot): Feature[] =>
          spot.precision_m
            ? [
                {
                  type: 'Feature',
                  geometry: { type: 'Polygon', coordinates: [circle(spot, spot.precision_m)] },
                  properties: { colour: spot.colour },
                },
              ]
            : [],
        ),
      ),
    );
  };
  const showLine = (from: Place | undefined, to: Place | undefined) => {
    if (!from || !to) {
      put('line', collection([]));
      return;
    }
    const coordinates = [
      [from.lon, from.lat],
      [to.lon, to.lat],
    ];
    put(
      'line',
      collection([
        { type: 'Feature', geometry: { type: 'LineString', coordinates }, properties: {} },
      ]),
    );
    // Beside the line's box, where neither end lies.
    const { x, y } = map.project([from.lon, from.lat]).sub(map.project([to.lon, to.lat]));
    const steep = Math.abs(y) > Math.abs(x);
    markers.push(
      new Marker({
        element: h('div', { class: 'length', 'aria-hidden': 'true' }, metres(distance(from, to))),
        anchor: steep ? 'left' : 'top',
        offset: steep ? [Math.abs(x) / 2 + 14, 0] : [0, Math.abs(y) / 2 + 12],
      })
        .setLngLat([(from.lon + to.lon) / 2, (from.lat + to.lat) / 2])
        .addTo(map),
    );
  };
  const records = () => spots.filter((spot) => spot.look !== 'above');

  return {
    show(question) {
      if (here) map.setFeatureState({ source: 'districts', id: here }, { here: false });
      here = question?.adcode ?? null;
      if (here) map.setFeatureState({ source: 'districts', id: here }, { here: true });
      spots = question ? spotsOf(question) : [];
      const own = question?.venues.map((card) => card.venue_id) ?? [];
      put(
        'venues',
        collection(
          ground.venues.flatMap((venue): Feature[] =>
            venue.lon === null || venue.lat === null || own.includes(venue.venue_id)
              ? []
              : [
                  {
                    type: 'Feature',
                    geometry: { type: 'Point', coordinates: [venue.lon, venue.lat] },
                    properties: {},
                  },
                ],
          ),
        ),
      );
      showSpots();
      const [a, b] = records();
      showLine(a, b);
      map.resize();
      goToAll();
      arrange();
    },
    pin(place) {
      if (!place) {
        pin?.remove();
        pin = null;
        const [a, b] = records();
        showSpots();
        showLine(a, b);
        return;
      }
      if (!pin) {
        const element = h('div', {
          class: 'pin',
          tabindex: 0,
          role: 'application',
          'aria-label': `${say('moving')}: ${say('moving_hint')}`,
          'data-testid': 'pin',
        });
        element.style.setProperty('--colour', PIN_COLOUR);
        const marker = new Marker({ element, draggable: true }).setLngLat([place.lon, place.lat]);
        marker.on('dragend', () => {
          const { lng, lat } = marker.getLngLat();
          moved({ lon: lng, lat });
        });
        pin = marker.addTo(map);
        element.focus({ preventScroll: true });
      }
      pin.setLngLat([place.lon, place.lat]);
      showSpots();
      showLine(spots[0], place);
    },
    goTo(place) {
      const at: [number, number] = [place.lon, place.lat];
      if (!map.getBounds().contains(at)) map.jumpTo({ center: at });
    },
    rename() {
      labels.set(
        new Map(
          shapes.features.map(({ properties }) => [
            String(properties.adcode),
            {
              name:
                language() === 'zh'
                  ? properties.name_zh.replace(/区$/, '')
                  : properties.name_en || properties.name_zh,
              value: '',
            },
          ]),
        ),
      );
      arrange();
      nameStations();
      map.getCanvas().setAttribute('aria-label', say('map_label'));
    },
    zoom(to) {
      if (to === 'in') map.zoomIn();
      else if (to === 'out') map.zoomOut();
      else if (to === 'all') goToAll();
      else go(districtBounds(), 12, 24);
    },
    async drawn() {
      map.triggerRepaint();
      await map.once('idle');
    },
  };
}
