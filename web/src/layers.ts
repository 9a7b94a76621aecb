/** The map style: sources and layers from the ground up. No glyphs, no tiles, no outside address. */

import type { ExpressionSpecification, StyleSpecification } from 'maplibre-gl';
import { COLOURS, NO_DATA_COLOUR } from './classes';
import { GAP_COLOURS } from './symbols';

const NOTHING = { type: 'FeatureCollection', features: [] } as const;

const fillByClass: ExpressionSpecification = [
  'match',
  ['number', ['feature-state', 'klass'], -1],
  0,
  COLOURS[0],
  1,
  COLOURS[1],
  2,
  COLOURS[2],
  3,
  COLOURS[3],
  4,
  COLOURS[4],
  NO_DATA_COLOUR,
];

const bySeverity: ExpressionSpecification = [
  'match',
  ['get', 'severity'],
  'high',
  0.9,
  'medium',
  0.6,
  0.35,
];

const when = (state: string, yes: number, no: number): ExpressionSpecification => [
  'case',
  ['boolean', ['feature-state', state], false],
  yes,
  no,
];

const venueScale: ExpressionSpecification = [
  'match',
  ['get', 'tier'],
  'hub',
  1.2,
  'branch',
  0.95,
  'node',
  0.9,
  ['match', ['get', 'kind'], 'other', 0.6, 0.72],
];

export const STYLE: StyleSpecification = {
  version: 8,
  sources: {
    districts: { type: 'geojson', data: { ...NOTHING, features: [] }, promoteId: 'adcode' },
    gaps: { type: 'geojson', data: { ...NOTHING, features: [] }, promoteId: 'gap_id' },
    subway: { type: 'geojson', data: { ...NOTHING, features: [] } },
    venues: { type: 'geojson', data: { ...NOTHING, features: [] } },
  },
  layers: [
    { id: 'ground', type: 'background', paint: { 'background-color': '#f6f7f5' } },
    {
      id: 'district',
      type: 'fill',
      source: 'districts',
      paint: { 'fill-color': fillByClass, 'fill-opacity': when('dim', 0.4, 1) },
    },
    {
      id: 'district-no-data',
      type: 'fill',
      source: 'districts',
      filter: ['literal', false],
      paint: { 'fill-pattern': 'no-data' },
    },
    {
      id: 'gap-service',
      type: 'fill',
      source: 'gaps',
      filter: ['==', ['get', 'gap_type'], 'service'],
      paint: { 'fill-pattern': 'gap-service', 'fill-opacity': bySeverity },
    },
    {
      id: 'gap-data',
      type: 'fill',
      source: 'gaps',
      filter: ['==', ['get', 'gap_type'], 'data'],
      paint: { 'fill-pattern': 'gap-data', 'fill-opacity': bySeverity },
    },
    {
      id: 'gap-line',
      type: 'line',
      source: 'gaps',
      paint: {
        'line-color': [
          'match',
          ['get', 'gap_type'],
          'data',
          GAP_COLOURS.data,
          GAP_COLOURS.service,
        ] as ExpressionSpecification,
        'line-width': when('chosen', 3, 0.6),
        'line-opacity': when('chosen', 1, 0.55),
      },
    },
    {
      id: 'district-line',
      type: 'line',
      source: 'districts',
      layout: { 'line-join': 'round' },
      paint: { 'line-color': '#ffffff', 'line-width': 1.4 },
    },
    {
      id: 'subway-casing',
      type: 'line',
      source: 'subway',
      filter: ['==', ['geometry-type'], 'LineString'],
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': '#ffffff',
        'line-opacity': 0.55,
        'line-width': ['interpolate', ['linear'], ['zoom'], 8, 1.8, 13, 4.4],
      },
    },
    {
      id: 'subway-line',
      type: 'line',
      source: 'subway',
      filter: ['==', ['geometry-type'], 'LineString'],
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': '#42505b',
        'line-opacity': 0.7,
        'line-width': ['interpolate', ['linear'], ['zoom'], 8, 0.7, 13, 2.2],
      },
    },
    {
      id: 'subway-station',
      type: 'circle',
      source: 'subway',
      minzoom: 10.2,
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-color': '#ffffff',
        'circle-stroke-color': '#42505b',
        'circle-stroke-width': 1,
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 10.2, 1.2, 14, 3.5],
      },
    },
    {
      id: 'district-focus',
      type: 'line',
      source: 'districts',
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': '#16242e',
        'line-width': when('chosen', 2.4, 1.6),
        'line-opacity': [
          'case',
          ['boolean', ['feature-state', 'chosen'], false],
          1,
          ['boolean', ['feature-state', 'hover'], false],
          0.85,
          0,
        ],
      },
    },
    {
      id: 'venue',
      type: 'symbol',
      source: 'venues',
      layout: {
        'icon-image': ['get', 'symbol'],
        'icon-size': [
          'interpolate',
          ['linear'],
          ['zoom'],
          8,
          ['*', 0.85, venueScale],
          12,
          ['*', 1.35, venueScale],
        ],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'symbol-sort-key': ['get', 'order'],
      },
    },
  ],
};
