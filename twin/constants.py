"""Physical constants (CODATA 2018), in the units that the twin's physics uses."""

__all__ = [
    "BOLTZMANN_J_K",
    "ELECTRON_CHARGE_C",
    "ELECTRON_REST_ENERGY_EV",
    "FINE_STRUCTURE",
    "HC_EV_M",
    "K_PER_TESLA_METRE",
    "SPEED_OF_LIGHT_M_S",
]

BOLTZMANN_J_K = 1.380649e-23
ELECTRON_CHARGE_C = 1.602176634e-19
ELECTRON_REST_ENERGY_EV = 0.51099895e6
FINE_STRUCTURE = 7.2973525693e-3
SPEED_OF_LIGHT_M_S = 299792458.0

#: Planck's constant times the speed of light, in eV m: energy = HC_EV_M / wavelength.
HC_EV_M = 1.239841984e-6

#: An undulator's K per tesla of peak field and metre of period: e / (2 pi m c).
K_PER_TESLA_METRE = 93.37290
