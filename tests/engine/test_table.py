"""The shipped table comes out of the corpus, byte for byte."""

from __future__ import annotations

import pytest

from training import corpus, fit, table


@pytest.mark.slow
def test_the_shipped_table_is_what_the_corpus_gives() -> None:
    assert table.TABLE.read_text(encoding="utf-8") == table.render(*fit.fit(corpus.read(), fit.Settings()))
