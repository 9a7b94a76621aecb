/** Metres on the WGS84 ellipsoid, for places a city apart at most. Degrees are never a length. */

import type { MultiPolygon, Polygon, Position } from 'geojson';
import type { Place } from './api';

const SEMI_MAJOR_M = 6_378_137;
const ECCENTRICITY_2 = 0.006_694_379_990_141_3;

const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Metres that one degree of longitude and of latitude take up at a latitude. */
export function degreeMetres(lat: number): { lon: number; lat: number } {
  const bend = 1 - ECCENTRICITY_2 * Math.sin(radians(lat)) ** 2;
  return {
    lon: radians(1) * (SEMI_MAJOR_M / Math.sqrt(bend)) * Math.cos(radians(lat)),
    lat: radians(1) * ((SEMI_MAJOR_M * (1 - ECCENTRICITY_2)) / bend ** 1.5),
  };
}

/** Metres between two places: flat, with the ellipsoid's radii half way between them. */
export function distance(a: Place, b: Place): number {
  const one = degreeMetres((a.lat + b.lat) / 2);
  return Math.hypot((b.lon - a.lon) * one.lon, (b.lat - a.lat) * one.lat);
}

/** A place so many metres further east and north. */
export function shifted(place: Place, east: number, north: number): Place {
  const one = degreeMetres(place.lat);
  return { lon: place.lon + east / one.lon, lat: place.lat + north / one.lat };
}

const CORNERS = 64;

/** The ring of places at a distance, closed. */
export function circle(centre: Place, metres: number): Position[] {
  return Array.from({ length: CORNERS + 1 }, (_, corner) => {
    const turn = ((corner % CORNERS) / CORNERS) * 2 * Math.PI;
    const { lon, lat } = shifted(centre, metres * Math.cos(turn), metres * Math.sin(turn));
    return [lon, lat];
  });
}

/** Whether a place lies in a polygon: an odd number of edges east of it, holes included. */
export function contains(shape: Polygon | MultiPolygon, place: Place): boolean {
  const rings = shape.type === 'Polygon' ? shape.coordinates : shape.coordinates.flat();
  let inside = false;
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const [x1 = 0, y1 = 0] = ring[i - 1] ?? [];
      const [x2 = 0, y2 = 0] = ring[i] ?? [];
      if (y1 > place.lat === y2 > place.lat) continue;
      if (place.lon < x1 + ((place.lat - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
    }
  }
  return inside;
}
