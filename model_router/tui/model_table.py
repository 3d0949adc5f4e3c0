"""The models as a table: their orders, and the columns that a width has room for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from model_router.engine.routes import Route
from model_router.setup.inventory import Entry, Place
from model_router.tui.model_lines import PLACE_GLYPHS, fit_word, memory_word, route_glyphs, speed_word
from model_router.tui.text import clean, fit, fit_right


def _fit_rank(entry: Entry) -> int:
    return {True: 0, None: 1, False: 2}[entry.fits]


def _speed(entry: Entry) -> float:
    return entry.verdict.speed.mid if entry.verdict is not None and entry.verdict.speed is not None else 0.0


SORTS: Mapping[str, Callable[[Entry], tuple[float | str, ...]]] = MappingProxyType(
    {
        "use": lambda entry: (
            _fit_rank(entry),
            0 if entry.recommended else 1,
            list(Place).index(entry.place),
            -(entry.quality or 0),
            entry.name,
        ),
        "quality": lambda entry: (-(entry.quality or 0), entry.name),
        "speed": lambda entry: (-_speed(entry), entry.name),
        "memory": lambda entry: (entry.verdict.total if entry.verdict is not None else float("inf"), entry.name),
        "name": lambda entry: (entry.name.lower(), entry.quant),
    }
)
"""How the list can be ordered. ``use``: what fits first, then what is recommended, then what is here."""


_WORDS: Mapping[str, Callable[[Entry, int], str]] = MappingProxyType(
    {
        "Quant": lambda entry, _: clean(entry.quant, 40),
        "Fit": lambda entry, width: fit_word(entry, short=width < 18),
        "Memory": lambda entry, _: memory_word(entry),
        "tok/s": lambda entry, _: speed_word(entry),
        "Qual": lambda entry, _: f"{entry.quality:.0f}" if entry.quality is not None else "-",
        "Licence": lambda entry, _: clean(entry.licence, 40) or "-",
        "Is": lambda entry, _: entry.place.value,
    }
)
_AT_THE_RIGHT = frozenset({"Memory", "tok/s", "Qual"})


class ModelTable(DataTable[Text]):
    """Enter shows the sum; the footer says so."""

    BINDING_GROUP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.sum", "Sum", id="models.sum", tooltip="Show what it takes, part by part"),
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="row", cell_padding=0)

    def show(self, shown: Sequence[Entry], used_by: Callable[[Entry], tuple[Route, ...]], width: int) -> None:
        """Show these models, each with the routes that use it, on ``width`` cells."""
        self.clear(columns=True)
        gap = 2 if width >= 100 else 1
        layout = _layout(width, gap)
        for heading, cells in layout:
            words = fit_right(heading, cells) if heading in _AT_THE_RIGHT else heading
            blank = 1 if heading == "Model" else gap
            self.add_column(Text(" " * blank + words), width=blank + cells)
        for entry in shown:
            self.add_row(*(_cell(heading, cells, entry, used_by(entry), gap) for heading, cells in layout))


def _layout(width: int, gap: int) -> list[tuple[str, int]]:
    """Headings and cells; the name takes what is left."""
    columns = [("Fit", 9), ("Memory", 9), ("tok/s", 8), ("Qual", 4), ("Licence", 11), ("For", 6)]
    if width < 76:
        columns = [one for one in columns if one[0] != "Licence"] if width >= 60 else columns[:1]
    if width >= 92:
        columns = [("Quant", 11), ("Fit", 18 if width > 100 else 9), *columns[1:]]
    if width >= 130:
        columns.append(("Is", 8))
    room = width - 1 - sum(one + gap for _, one in columns)
    return [("Model", max(6, min(44, room))), *columns]


def _cell(heading: str, width: int, entry: Entry, used: tuple[Route, ...], gap: int) -> Text:
    dim = "dim" if entry.fits is False else ""
    if heading == "Model":
        style = dim or ("" if entry.place is Place.CATALOG else "bold")
        return Text(" " + fit(f"{PLACE_GLYPHS[entry.place]} {clean(entry.name, 120)}", width), style)
    blank = " " * gap
    if heading == "For":
        serving, advised = route_glyphs(used, entry)
        return Text.assemble(blank, (serving, "bold"), (advised, "dim"))
    words = _WORDS[heading](entry, width)
    return Text(blank + (fit_right(words, width) if heading in _AT_THE_RIGHT else fit(words, width)), dim)
