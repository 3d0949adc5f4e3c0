"""A terminal for a program: ``terminal.py ROWS COLUMNS FILE COMMAND...``.

Draws nothing, keeps the last of what the program wrote in FILE, and ends it when its own input ends or it is told to.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
from pathlib import Path

_KEPT = 262_144


def main(rows: str, columns: str, file: str, *command: str) -> int:
    """Give the program's exit code."""
    child, master = pty.fork()
    if child == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
        os.execv(command[0], command)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    watched = [master, sys.stdin.fileno()]
    kept = b""
    while True:
        ready, _, _ = select.select(watched, [], [])
        if master not in ready:
            os.kill(child, signal.SIGTERM)
            watched = [master]
            continue
        written = b""
        with contextlib.suppress(OSError):  # how Linux says that nobody writes any more
            written = os.read(master, 65_536)
        if not written:
            break
        kept = (kept + written)[-_KEPT:]
    Path(file).write_bytes(kept)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
