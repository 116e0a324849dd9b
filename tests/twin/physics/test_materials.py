"""Materials, against the values that CHX's model and the beamline's own tables have."""

import pytest

from beamtwin.twin.materials import (
    MaterialError,
    attenuation_length_m,
    mirror_reflectivity,
    refraction,
    transmission,
)


def test_beryllium_refracts_as_sirepos_model_says():
    """delta(Be, 9 keV) = 4.207568e-6."""
    assert refraction("Be", 9000.0)[0] == pytest.approx(4.207568e-6, rel=1e-3)


def test_plate_takes_its_share():
    length_m = attenuation_length_m("Al", 9000.0)
    assert transmission("Al", length_m, 9000.0) == pytest.approx(0.36788, rel=1e-4)
    assert 90e-6 < length_m < 130e-6  # NIST, XCOM: 32 cm^2/g


@pytest.mark.parametrize(("coating", "low", "high"), [("Si", 0.90, 0.93), ("Rh", 0.92, 0.95)])
def test_mirror_reflects_below_its_critical_angle(coating, low, high):
    assert low < mirror_reflectivity(coating, 3.1416e-3, 9000.0) < high
    assert mirror_reflectivity(coating, 20e-3, 9000.0) < 1e-2
    rough = mirror_reflectivity(coating, 3.1416e-3, 9000.0, roughness_m=1e-9)
    assert rough < mirror_reflectivity(coating, 3.1416e-3, 9000.0)


def test_unknown_material_is_named():
    with pytest.raises(MaterialError, match=r"material 'Unobtainium': .*write a chemical formula"):
        refraction("Unobtainium", 9000.0)
    with pytest.raises(MaterialError, match="Si3N4"):
        refraction("Si3N4", 9000.0)
    assert refraction("Si3N4", 9000.0, 3.17)[0] > 0
