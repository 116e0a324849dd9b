"""ADSimDetector: simDetector.template."""

from beamtwin.twin.areadetector.row import Row, choice, real, settings, whole
from beamtwin.twin.areadetector.templates.driver import AD_BASE

__all__ = ["SIM_DETECTOR"]

_SINES = {
    f"{axis}Sine{number}{name}": real(value, PREC=2)
    for axis in "XY"
    for number, frequency, phase in ((1, 1.0, 0.0), (2, 2.0, 90.0))
    for name, value in (("Amplitude", 1.0), ("Frequency", frequency), ("Phase", phase))
}

SIM_DETECTOR: dict[str, Row] = {
    **AD_BASE,
    **settings(
        AcquireTime=real(0.001),
        AcquirePeriod=real(0.005),
        NumImages=whole(100),
        ColorMode=choice("Mono", "RGB1", "RGB2", "RGB3"),
        **{f"Gain{name}": real(1.0, PREC=2) for name in ("X", "Y", "Red", "Green", "Blue")},
        Reset=whole(1),
        Offset=real(PREC=1),
        Noise=real(PREC=1),
        SimMode=choice("LinearRamp", "Peaks", "Sine", "Offset&Noise"),
        **{f"PeakStart{axis}": whole(1) for axis in "XY"},
        **{f"PeakNum{axis}": whole(1) for axis in "XY"},
        **{f"PeakStep{axis}": whole(1) for axis in "XY"},
        PeakWidthX=whole(10),
        PeakWidthY=whole(20),
        PeakVariation=real(PREC=1),
        **{f"{axis}SineOperation": choice("Add", "Multiply") for axis in "XY"},
        **_SINES,
    ),
}
