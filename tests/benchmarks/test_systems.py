"""What a benchmark starts does not outlive it."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from benchmarks.systems import ending_with_us

_PARENT = """
import subprocess, sys
from benchmarks.systems import ending_with_us
sleep = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
child = subprocess.Popen([*ending_with_us(), sys.executable, "-c", sleep])
child.wait()
"""


@pytest.mark.skipif(not ending_with_us(), reason="needs Linux and util-linux's setpriv")
def test_a_system_ends_with_a_benchmark_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
    child.wait(timeout=20)
    assert not child.is_running()
