"""Materials: how they refract and absorb X-rays, from xraylib's tables."""

from collections.abc import Mapping

from beamtwin.orchestration.errors import LimitsError

__all__ = [
    "attenuation_length_m",
    "density_g_cm3",
    "photoabsorption_length_m",
    "refraction_decrement",
]

#: Formula and density in g/cm3 of what is no element, or not as dense as its element's entry in the tables.
COMPOUNDS: Mapping[str, tuple[str, float]] = {
    "CdTe": ("CdTe", 5.85),
    "CsI": ("CsI", 4.51),
    "diamond": ("C", 3.51),
    "GaAs": ("GaAs", 5.32),
    "glassy carbon": ("C", 1.5),
    "graphite": ("C", 2.21),
    "kapton": ("C22H10N2O5", 1.42),
    "LuAG": ("Lu3Al5O12", 6.73),
    "mica": ("KAl3Si3O12H2", 2.83),
    "PMMA": ("C5H8O2", 1.18),
    "polystyrene": ("C8H8", 1.05),
    "Si3N4": ("Si3N4", 3.17),
    "SiO2": ("SiO2", 2.2),
    "sapphire": ("Al2O3", 3.98),
    "water": ("H2O", 0.997),
    "YAG": ("Y3Al5O12", 4.55),
}

#: The range of the tables' anomalous scattering factors, in eV.
RANGE_EV = (100.0, 1e5)


def density_g_cm3(material: str) -> float:
    """Density of an element (by symbol) or of one of `COMPOUNDS`."""
    return _formula(material)[1]


def refraction_decrement(material: str, energy_eV: float) -> float:
    """delta, of the refractive index ``n = 1 - delta + i beta``."""
    import xraylib

    formula, density = _formula(material)
    _check(energy_eV)
    return 1.0 - xraylib.Refractive_Index_Re(formula, energy_eV * 1e-3, density)


def attenuation_length_m(material: str, energy_eV: float) -> float:
    """The thickness that lets 1/e of the photons pass: by absorption and scattering."""
    import xraylib

    formula, density = _formula(material)
    _check(energy_eV)
    return 1e-2 / (density * xraylib.CS_Total_CP(formula, energy_eV * 1e-3))


def photoabsorption_length_m(material: str, energy_eV: float) -> float:
    """The thickness in which all but 1/e of the photons would be absorbed, if none were scattered."""
    import xraylib

    formula, density = _formula(material)
    _check(energy_eV)
    return 1e-2 / (density * xraylib.CS_Photo_CP(formula, energy_eV * 1e-3))


def _formula(material: str) -> tuple[str, float]:
    if material in COMPOUNDS:
        return COMPOUNDS[material]
    import xraylib

    try:
        return material, xraylib.ElementDensity(xraylib.SymbolToAtomicNumber(material))
    except ValueError:
        known = ", ".join(COMPOUNDS)
        raise LimitsError(
            f"material: {material!r} is neither an element's symbol nor one of {known}"
        ) from None


def _check(energy_eV: float) -> None:
    low, high = RANGE_EV
    if not low <= energy_eV <= high:
        raise LimitsError(
            f"photon energy: {energy_eV:g} eV is outside [{low:g}, {high:g}] eV (the range of xraylib's tables)"
        )
