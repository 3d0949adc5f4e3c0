"""What a scan of many models costs: headers of full size, with whole vocabularies and merges, weights left out.

Files of six families are written, from 32,000 to 262,144 texts, and searched as `setup scan` does; the figure is the
processor's time, for a thousand files. A scan remembers while it runs what files of one family share; what a file costs
that shares nothing stands beside it. Nothing is remembered from one scan to the next.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from model_router.setup.gguf import read_header
from model_router.setup.stores import Place, find_models
from tests.support.full_gguf import FAMILIES, write_full_gguf

BUDGET_S = 1.0


def main(arguments: list[str]) -> int:
    """Print the figures; exit code 1 when a scan of a thousand takes more than a second."""
    parser = argparse.ArgumentParser(prog="scripts/bench scan", description=__doc__)
    parser.add_argument("--files", type=int, default=60, help="how many are written, some 4.5 MB each (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="the best of so many counts (%(default)s)")
    parser.add_argument("--json", action="store_true")
    options, _ = parser.parse_known_args(arguments)  # those of the other benchmarks may stand beside
    with tempfile.TemporaryDirectory(prefix="model-router-scan-") as name:
        folder = Path(name)
        paths = [write(folder, number) for number in range(options.files)]
        size = sum(path.stat().st_blocks for path in paths) * 512
        places = [Place("folder", folder)]
        found = find_models(places)
        if len(found.models) != options.files or found.unreadable:
            raise AssertionError("a scan lost some of the files")

        def alone() -> None:
            for path in paths:
                read_header([path])

        scan = best(lambda: find_models(places), options.rounds) * 1000 / options.files
        single = best(alone, options.rounds) * 1000 / options.files
    missed = scan > BUDGET_S
    if options.json:
        figures = {"files": options.files, "thousand_s": scan, "header_alone_ms": single, "missed": missed}
        print(json.dumps(figures, indent=1))
        return int(missed)
    texts = sum(FAMILIES[number % len(FAMILIES)].tokens for number in range(options.files)) / options.files
    print(f"{options.files} files, headers of {size / options.files / 1e6:.1f} MB with {texts:,.0f} texts on average")
    print(f"a scan of a thousand takes {scan:.2f} s of the processor, of {BUDGET_S:.0f}")
    print(f"a header that shares nothing with those before it takes {single:.2f} ms")
    return int(missed)


def write(folder: Path, number: int) -> Path:
    """One file, in a folder of its own."""
    family = FAMILIES[number % len(FAMILIES)]
    path = folder / f"publisher-{number % 10}" / f"repository-{number}" / f"model-{number}-Q4_K_M.gguf"
    return write_full_gguf(path, family, name="n" * (number % 97))


def best(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the processor."""
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)
