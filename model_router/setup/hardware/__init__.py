"""What this machine has: ``scan_machine`` asks a ``Probe`` and never raises; what is unknown stays ``None``."""

from __future__ import annotations

from model_router.setup.hardware.live import LiveProbe
from model_router.setup.hardware.probe import Probe
from model_router.setup.hardware.profile import load_machine, machine_to_dict
from model_router.setup.hardware.report import hardware_report
from model_router.setup.hardware.scan import scan_machine

__all__ = ["LiveProbe", "Probe", "hardware_report", "load_machine", "machine_to_dict", "scan_machine"]
