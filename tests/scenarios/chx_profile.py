"""A start-up profile as CHX's is written, for ophyd and bluesky: it knows nothing of beamtwin.

Its devices connect, move, and take an image; what came of it is printed as JSON. Run by ``test_profile.py``, with
EPICS_CA_* set to where the twin's IOC is.
"""

import json
import sys

import bluesky.plan_stubs as bps
import bluesky.plans as bp
from bluesky import RunEngine
from ophyd import (
    Component,
    Device,
    EpicsMotor,
    EpicsScaler,
    EpicsSignal,
    EpicsSignalRO,
    FormattedComponent,
    ImagePlugin,
    ProsilicaDetector,
    PVPositioner,
    ROIPlugin,
    SingleTrigger,
    StatsPlugin,
)
from ophyd.areadetector.base import ADComponent, EpicsSignalWithRBV
from ophyd.areadetector.cam import AreaDetectorCam
from ophyd.areadetector.detectors import AreaDetector
from ophyd.signal import EpicsSignalBase

Cpt, FCpt = Component, FormattedComponent
EpicsSignalBase.set_defaults(timeout=20, connection_timeout=20)

# --- optics -----------------------------------------------------------------------------------------


class CenterAndGap(Device):
    xc = Cpt(EpicsMotor, "-Ax:XCtr}Mtr")
    yc = Cpt(EpicsMotor, "-Ax:YCtr}Mtr")
    xg = Cpt(EpicsMotor, "-Ax:XGap}Mtr")
    yg = Cpt(EpicsMotor, "-Ax:YGap}Mtr")


class VirtualGap(PVPositioner):
    readback = Cpt(EpicsSignalRO, "t2.C")
    setpoint = Cpt(EpicsSignal, "size")
    done = Cpt(EpicsSignalRO, "DMOV")
    done_value = 1


class VirtualCenter(PVPositioner):
    readback = Cpt(EpicsSignalRO, "t2.D")
    setpoint = Cpt(EpicsSignal, "center")
    done = Cpt(EpicsSignalRO, "DMOV")
    done_value = 1


class VirtualCenterAndGap(Device):
    xc = Cpt(VirtualCenter, "-Ax:X}")
    yc = Cpt(VirtualCenter, "-Ax:Y}")
    xg = Cpt(VirtualGap, "-Ax:X}")
    yg = Cpt(VirtualGap, "-Ax:Y}")


class Blades(Device):
    top = Cpt(EpicsMotor, "-Ax:T}Mtr")
    bottom = Cpt(EpicsMotor, "-Ax:B}Mtr")
    outboard = Cpt(EpicsMotor, "-Ax:O}Mtr")
    inboard = Cpt(EpicsMotor, "-Ax:I}Mtr")


class MotorSlits(Blades, CenterAndGap): ...


class VirtualMotorSlits(Blades, VirtualCenterAndGap): ...


class XYMotor(Device):
    x = Cpt(EpicsMotor, "-Ax:X}Mtr")
    y = Cpt(EpicsMotor, "-Ax:Y}Mtr")


class Mirror(XYMotor):
    p = FCpt(
        EpicsSignal,
        read_pv="{self.prefix}-Ax:P}}Pos-I",
        write_pv="{self.prefix}-Ax:P}}PID-SP",
        add_prefix=("read_pv", "write_pv", "suffix"),
    )


class DCM(Device):
    en = Cpt(EpicsMotor, "-Ax:Energy}Mtr")
    b = Cpt(EpicsMotor, "-Ax:B}Mtr")
    r = Cpt(EpicsMotor, "-Ax:R}Mtr")
    x = Cpt(EpicsMotor, "-Ax:X}Mtr")
    fp = Cpt(EpicsMotor, "-Ax:FP}Mtr")
    p = Cpt(EpicsMotor, "-Ax:P}Mtr")


class BeamStop(Device):
    x = Cpt(EpicsMotor, "-Ax:X}Mtr")
    y1 = Cpt(EpicsMotor, "-Ax:YFT}Mtr")
    x2 = Cpt(EpicsMotor, "-Ax:XFB}Mtr")
    y2 = Cpt(EpicsMotor, "-Ax:YFB}Mtr")


class Kinoform(Device):
    z = Cpt(EpicsMotor, "-Ax:ZB}Mtr")
    x = Cpt(EpicsMotor, "-Ax:XB}Mtr")
    y = Cpt(EpicsMotor, "-Ax:YB}Mtr")
    chi = Cpt(EpicsMotor, "-Ax:Ch}Mtr")
    theta = Cpt(EpicsMotor, "-Ax:Th}Mtr")
    phi = Cpt(EpicsMotor, "-Ax:Ph}Mtr")
    lx = Cpt(EpicsMotor, "-Ax:XT}Mtr")
    ly = Cpt(EpicsMotor, "-Ax:YT}Mtr")


class Diffractometer(Device):
    Del = Cpt(EpicsMotor, "-Ax:Del}Mtr")
    gam = Cpt(EpicsMotor, "-Ax:Gam}Mtr")
    om = Cpt(EpicsMotor, "-Ax:Om}Mtr")
    phi = Cpt(EpicsMotor, "-Ax:Ph}Mtr")
    xh = Cpt(EpicsMotor, "-Ax:XH}Mtr")
    yh = Cpt(EpicsMotor, "-Ax:YH2}Mtr")
    zh = Cpt(EpicsMotor, "-Ax:ZH}Mtr")
    xv = Cpt(EpicsMotor, "-Ax:XV}Mtr")
    yv = Cpt(EpicsMotor, "-Ax:YV}Mtr")
    zv = Cpt(EpicsMotor, "-Ax:ZV}Mtr")


class InsertionDevice(Device):
    gap = Cpt(EpicsMotor, "-Ax:Gap}-Mtr", kind="hinted")
    brake = Cpt(
        EpicsSignal,
        "}BrakesDisengaged-Sts",
        write_pv="}BrakesDisengaged-SP",
        kind="omitted",
        add_prefix=("read_pv", "write_pv", "suffix"),
    )


class FourPVShutter(Device):
    open_command = Cpt(EpicsSignal, "Cmd:Opn-Cmd")
    open_status = Cpt(EpicsSignalRO, "Cmd:Opn-Sts")
    close_command = Cpt(EpicsSignal, "Cmd:Cls-Cmd")
    close_status = Cpt(EpicsSignalRO, "Cmd:Cls-Sts")


class XBPM(Device):
    x = Cpt(EpicsSignalRO, "Pos:X-I")
    y = Cpt(EpicsSignalRO, "Pos:Y-I")
    total = Cpt(EpicsSignalRO, "Ampl:CurrTotal-I")


ivu_gap = InsertionDevice("SR:C11-ID:G1{IVU20:1", name="ivu")
fe = VirtualCenterAndGap("FE:C11A-OP{Slt:12", name="fe")
fe_sh = FourPVShutter("XF:11ID-PPS{Sh:FE}", name="fe_sh")
foe_sh = FourPVShutter("XF:11IDA-PPS{PSh}", name="foe_sh")
fast_sh = EpicsSignal(
    "XF:11IDB-ES{Zebra}:OUT1_TTL:STA", write_pv="XF:11IDB-ES{Zebra}:SOFT_IN:B0", name="fast_sh"
)
pbs = MotorSlits("XF:11IDA-OP{Slt:PB", name="pbs")
hdm = Mirror("XF:11IDA-OP{Mir:HDM", name="hdm")
dcm = DCM("XF:11IDA-OP{Mono:DCM", name="dcm")
mbs = VirtualMotorSlits("XF:11IDA-OP{Slt:MB", name="mbs")
bpm1 = XYMotor("XF:11IDA-BI{Bpm:1", name="bpm1")
bpm2 = XYMotor("XF:11IDB-BI{BPM:2", name="bpm2")
xbpm = XBPM("XF:11IDB-BI{XBPM:02}", name="xbpm")
s1 = CenterAndGap("XF:11IDB-OP{Slt:1", name="s1")
s2 = VirtualMotorSlits("XF:11IDB-OP{Slt:BDS", name="s2")
k1 = Kinoform("XF:11IDB-OP{Lens:1", name="k1")
k2 = Kinoform("XF:11IDB-OP{Lens:2", name="k2")
s3 = CenterAndGap("XF:11IDB-ES{Slt:3", name="s3")
s4 = CenterAndGap("XF:11IDB-ES{Slt:4", name="s4")
gsl = VirtualCenterAndGap("XF:11IDB-OP{Slt:Guard", name="gsl")
diff = Diffractometer("XF:11IDB-ES{Dif", name="diff")
saxs_bst = BeamStop("XF:11IDB-ES{BS:SAXS", name="saxs_bst")
sclr = EpicsScaler("XF:11IDB-ES{Sclr:1}", name="sclr")

# --- area detectors ---------------------------------------------------------------------------------


class StandardProsilica(SingleTrigger, ProsilicaDetector):
    image = Cpt(ImagePlugin, "image1:")
    stats1 = Cpt(StatsPlugin, "Stats1:")
    roi1 = Cpt(ROIPlugin, "ROI1:")


class EigerFile(Device):
    sequence_id = ADComponent(EpicsSignalRO, "SequenceId")
    file_path = ADComponent(EpicsSignalWithRBV, "FilePath", string=True)
    file_write_name_pattern = ADComponent(EpicsSignalWithRBV, "FWNamePattern", string=True)
    file_write_images_per_file = ADComponent(EpicsSignalWithRBV, "FWNImagesPerFile")


class EigerCam(AreaDetectorCam):
    firmware_version = Cpt(EpicsSignalRO, "FirmwareVersion_RBV", kind="config")
    bit_depth = Cpt(EpicsSignalRO, "BitDepthImage_RBV", kind="config")
    wait_for_plugins = Cpt(EpicsSignal, "WaitForPlugins", string=True, kind="config")


class EigerSingleTrigger(SingleTrigger, AreaDetector):
    cam = Cpt(EigerCam, "cam1:")
    file = Cpt(EigerFile, "cam1:")
    num_triggers = ADComponent(EpicsSignalWithRBV, "cam1:NumTriggers")
    beam_center_x = ADComponent(EpicsSignalWithRBV, "cam1:BeamX")
    beam_center_y = ADComponent(EpicsSignalWithRBV, "cam1:BeamY")
    wavelength = ADComponent(EpicsSignalWithRBV, "cam1:Wavelength")
    det_distance = ADComponent(EpicsSignalWithRBV, "cam1:DetDist")
    threshold_energy = ADComponent(EpicsSignalWithRBV, "cam1:ThresholdEnergy")
    photon_energy = ADComponent(EpicsSignalWithRBV, "cam1:PhotonEnergy")
    manual_trigger = ADComponent(EpicsSignalWithRBV, "cam1:ManualTrigger")
    special_trigger_button = ADComponent(EpicsSignal, "cam1:Trigger")
    stream_enable = ADComponent(EpicsSignal, "cam1:StreamEnable")
    data_source = ADComponent(EpicsSignal, "cam1:DataSource")
    shutter_mode = ADComponent(EpicsSignalWithRBV, "cam1:ShutterMode")
    image = Cpt(ImagePlugin, "image1:")
    stats1 = Cpt(StatsPlugin, "Stats1:")
    stats2 = Cpt(StatsPlugin, "Stats2:")
    roi1 = Cpt(ROIPlugin, "ROI1:")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.stage_sigs["cam.trigger_mode"] = 0
        self.stage_sigs["cam.wait_for_plugins"] = "Yes"
        self.stage_sigs["shutter_mode"] = 1
        self.stage_sigs["num_triggers"] = 1
        self.stage_sigs["manual_trigger"] = 1

    def trigger(self):
        status = super().trigger()
        self.special_trigger_button.put(1)
        return status


xray_eye1 = StandardProsilica("XF:11IDA-BI{Bpm:1-Cam:1}", name="xray_eye1")
eiger4m = EigerSingleTrigger("XF:11IDB-ES{Det:Eig4M}", name="eiger4m_single")
eiger1m = EigerSingleTrigger("XF:11IDB-ES{Det:Eig1M}", name="eiger1m_single")
eiger500k = EigerSingleTrigger("XF:11IDB-ES{Det:Eig500K}", name="eiger500k_single")
for detector in (eiger4m, eiger1m, eiger500k, xray_eye1):
    detector.read_attrs = ["stats1"]
    detector.stats1.read_attrs = ["total"]

# --- what is done with them -------------------------------------------------------------------------


def main():
    devices = [each for each in globals().values() if isinstance(each, (Device, EpicsSignalBase))]
    for device in devices:
        device.wait_for_connection(timeout=30)
    signals = sum(
        len(list(device.walk_signals())) if isinstance(device, Device) else 1 for device in devices
    )
    RE = RunEngine({})
    documents = []
    RE.subscribe(lambda name, document: documents.append((name, document)))

    def plan():
        yield from bps.mv(s2.xg, 0.02, s2.yg, 0.02)
        yield from bps.mv(s2.top, 0.015, s1.yg, 0.9, diff.xh, 1.5)
        yield from bps.mv(eiger4m.cam.acquire_time, 0.05, eiger4m.cam.num_images, 1)
        yield from bp.count([eiger4m, s2], num=2)
        yield from bps.mv(fast_sh, 0)
        yield from bp.count([eiger4m])
        yield from bps.mv(sclr.preset_time, 0.1)
        yield from bp.scan([sclr], s2.yc, -0.01, 0.01, 3)

    RE(plan())
    events = [document["data"] for name, document in documents if name == "event"]
    totals = [event["eiger4m_single_stats1_total"] for event in events[:3]]
    image = eiger4m.image.array_data.get()
    print(
        json.dumps(
            {
                "devices": len(devices),
                "signals": signals,
                "connected": all(device.connected for device in devices),
                "exit": [document["exit_status"] for name, document in documents if name == "stop"],
                "s2": {name: getattr(s2, name).position for name in ("xg", "yg", "xc", "yc")},
                "blades": {name: getattr(s2, name).position for name in ("top", "bottom")},
                "diff_xh": diff.xh.position,
                "totals": totals,
                "image": [int(image.size), int(image.sum())],
                "centres": [event["s2_yc_readback"] for event in events[3:]],
                "sequence": eiger4m.file.sequence_id.get(),
            }
        )
    )


if __name__ == "__main__":
    main()
    sys.exit()
