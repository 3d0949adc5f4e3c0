"""``scripts/bench [NAME] [options]``."""

from __future__ import annotations

import sys
from importlib import import_module

NAMES = ("routing", "ask", "client", "http1", "translate", "proxy", "ladder", "fit", "scan")
ON_REQUEST = ("wrapped", "soak", "events", "kills", "screen")
"""Those that need files of their own, or minutes; run only when named."""


def main() -> int:
    """Run the benchmark that is named, or all; exit code 1 when one of them misses its budget."""
    arguments = sys.argv[1:]
    chosen = [arguments.pop(0)] if arguments and not arguments[0].startswith("-") else list(NAMES)
    unknown = [name for name in chosen if name not in (*NAMES, *ON_REQUEST)]
    if unknown:
        print(f"no benchmark is called {unknown[0]!r}; known: {' '.join((*NAMES, *ON_REQUEST))}", file=sys.stderr)
        return 2
    return max(int(import_module(f"benchmarks.{name}").main(arguments)) for name in chosen)


if __name__ == "__main__":
    sys.exit(main())
