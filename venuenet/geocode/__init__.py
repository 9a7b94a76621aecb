"""From a name and an address to a point: a cascade of providers behind one protocol."""

from venuenet.geocode.build import from_settings

__all__ = ["from_settings"]
