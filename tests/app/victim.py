"""Frames until somebody kills it; says after each how many there are."""

import os
import sys
from pathlib import Path

from beamtwin.app.beamtime import Settings, open_beamtime
from beamtwin.orchestration.plans import count
from beamtwin.scenarios.chx import SCENARIO


def main(target: str, port: str) -> None:
    settings = Settings(Path(os.environ["BEAMTWIN_DATA"]), target=target, port=int(port))
    with open_beamtime(SCENARIO, settings) as beamtime:
        eiger = beamtime.devices.eiger4m
        say = {"event": lambda _, event: print(event["seq_num"], flush=True)}
        beamtime.engine(count([eiger], num=100), say)


if __name__ == "__main__":
    main(*sys.argv[1:])
