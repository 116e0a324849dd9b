"""What stands in the beam to be measured: suspensions, masks, powders, foils, phantoms.

All are pure functions and frozen dataclasses in SI units; what fluctuates takes a generator of
`beamtwin.twin.noise.stream`.
"""
