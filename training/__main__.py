"""``scripts/train``: corpus in, table out. ``--check`` compares instead, ``--report`` shows held-back figures."""

from __future__ import annotations

import argparse
import sys

from training import corpus, fit, report, table


def main() -> int:
    """Exit code 1 when ``--check`` finds another table than the corpus gives."""
    parser = argparse.ArgumentParser(prog="scripts/train", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the shipped table; write nothing")
    parser.add_argument("--report", action="store_true", help="train on one part of the corpus, judge on the other")
    arguments = parser.parse_args()
    rows = corpus.read()
    if arguments.report:
        print(report.held_back(rows))
        return 0
    text = table.render(*fit.fit(rows, fit.Settings()))
    if arguments.check:
        same = table.TABLE.read_text(encoding="utf-8") == text
        print(
            "the table is what the corpus gives"
            if same
            else "the table is not what the corpus gives: run scripts/train"
        )
        return 0 if same else 1
    table.TABLE.write_text(text, encoding="utf-8")
    print(f"{len(rows):,} rows, {text.count(chr(10)) - 2:,} cues, {len(text.encode()):,} bytes: {table.TABLE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
