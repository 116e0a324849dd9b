"""Diagnostics: what the light is like at any place of a beamline, as numbers and as figures."""
