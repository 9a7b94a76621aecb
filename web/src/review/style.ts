/** The ground the pins stand on: outlines, rails and known venues. No glyphs, no tiles. */

import type { GeoJSONSourceSpecification, StyleSpecification } from 'maplibre-gl';

const EMPTY: GeoJSONSourceSpecification = {
  type: 'geojson',
  data: { type: 'FeatureCollection', features: [] },
};

/** By record: A, B, then any further one. */
export const COLOURS = ['#1d5a80', '#c2451b', '#6a4c9c'] as const;
export const PIN_COLOUR = '#1f7a45';

export const STYLE: StyleSpecification = {
  version: 8,
  sources: {
    districts: { ...EMPTY, promoteId: 'adcode' },
    subway: EMPTY,
    venues: EMPTY,
    circles: EMPTY,
    line: EMPTY,
  },
  layers: [
    { id: 'ground', type: 'background', paint: { 'background-color': '#e6eaec' } },
    {
      id: 'district',
      type: 'fill',
      source: 'districts',
      paint: {
        'fill-color': ['case', ['boolean', ['feature-state', 'here'], false], '#fffdf6', '#f5f6f4'],
      },
    },
    {
      id: 'district-line',
      type: 'line',
      source: 'districts',
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': '#aab5bc',
        'line-width': ['case', ['boolean', ['feature-state', 'here'], false], 2.4, 1.1],
      },
    },
    {
      id: 'subway-line',
      type: 'line',
      source: 'subway',
      filter: ['==', ['geometry-type'], 'LineString'],
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': '#b9c3c9',
        'line-width': ['interpolate', ['linear'], ['zoom'], 8, 0.8, 14, 3],
      },
    },
    {
      id: 'subway-station',
      type: 'circle',
      source: 'subway',
      minzoom: 10,
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-color': '#ffffff',
        'circle-stroke-color': '#8e9aa2',
        'circle-stroke-width': 1.2,
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, 1.4, 15, 5],
      },
    },
    {
      id: 'venue',
      type: 'circle',
      source: 'venues',
      paint: {
        'circle-color': '#7b868e',
        'circle-opacity': 0.75,
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 8, 1.8, 15, 5],
      },
    },
    {
      id: 'circle',
      type: 'fill',
      source: 'circles',
      paint: { 'fill-color': ['get', 'colour'], 'fill-opacity': 0.1 },
    },
    {
      id: 'circle-line',
      type: 'line',
      source: 'circles',
      paint: { 'line-color': ['get', 'colour'], 'line-width': 1.2, 'line-dasharray': [3, 2] },
    },
    {
      id: 'line',
      type: 'line',
      source: 'line',
      layout: { 'line-cap': 'round' },
      paint: { 'line-color': '#17242d', 'line-width': 1.6, 'line-dasharray': [1, 2] },
    },
  ],
};
