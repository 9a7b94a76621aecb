"""From a name and an address to a point: a cascade of providers behind one protocol."""
