"""A model as lines: whether and where it fits, how fast, how good, on what terms; and the whole sum."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from textual.content import Content

from model_router.engine.routes import Route
from model_router.setup.download.sizes import size_words
from model_router.setup.fit.budget import Pool
from model_router.setup.fit.placement import MODE_WORDS, Mode
from model_router.setup.fit.sum import sum_rows
from model_router.setup.fit.verdict import Verdict
from model_router.setup.fit.wording import gib
from model_router.setup.inventory import Entry, Inventory, Place
from model_router.tui.lines import fact, paragraph, spaced, title
from model_router.tui.look import ROUTE_LOOKS
from model_router.tui.text import clean, fit, fit_right

PLACE_GLYPHS: Mapping[Place, str] = MappingProxyType({Place.SERVED: "●", Place.DISK: "○", Place.CATALOG: " "})

_MODES: Mapping[Mode, str] = MappingProxyType(
    {Mode.GPU: "GPU", Mode.EXPERTS_ON_CPU: "GPU, experts CPU", Mode.GPU_AND_CPU: "GPU + CPU", Mode.CPU: "CPU"}
)
_SHORT_MODES: Mapping[Mode, str] = MappingProxyType(
    {Mode.GPU: "GPU", Mode.EXPERTS_ON_CPU: "GPU+CPU", Mode.GPU_AND_CPU: "GPU+CPU", Mode.CPU: "CPU"}
)


def fit_word(entry: Entry, *, short: bool) -> str:
    """``✓ GPU``, ``✗ too large``, ``? unknown``; short in at most nine cells."""
    verdict = entry.verdict
    if verdict is None or verdict.fits is None:
        return "? unknown"
    if not verdict.fits or verdict.placement is None:
        return "✗ too big" if short else "✗ too large"
    return f"✓ {(_SHORT_MODES if short else _MODES)[verdict.placement.mode]}"


def memory_word(entry: Entry) -> str:
    """What it takes."""
    return gib(entry.verdict.total) if entry.verdict is not None else "-"


def speed_word(entry: Entry) -> str:
    """``18-37``: tokens a second; one figure when it was measured here."""
    speed = entry.verdict.speed if entry.verdict is not None else None
    if speed is None:
        return "-"
    return f"{speed.mid:.0f}" if speed.basis == "measured" else f"{speed.low:.0f}-{speed.high:.0f}"


def route_glyphs(used: tuple[Route, ...], entry: Entry) -> tuple[str, str]:
    """The glyphs of the routes that use it, and of those that it is recommended for and not used by."""
    serving = "".join(ROUTE_LOOKS[route].glyph for route in used)
    advised = "".join(
        ROUTE_LOOKS[Route(work.value)].glyph for work in entry.recommended if Route(work.value) not in used
    )
    return serving, advised


def machine_lines(stock: Inventory, simulated: str, width: int) -> list[Content]:
    """One line for what models are judged by."""
    graphics = [f"{clean(pool.name, 60)} {_amount(pool)}" for pool in stock.pools.whole]
    whole = [*graphics, f"{clean(stock.pools.processor.name, 60)} {_amount(stock.pools.processor)}"]
    tail = f" for models · {stock.load.context // 1024}k context"
    words = " · ".join(whole) + tail
    if len(words) > width - 12:
        words = " · ".join([*graphics, f"processor {_amount(stock.pools.processor)}"]) + tail
    if simulated:
        return [Content.assemble((" SIMULATED ", "reverse bold"), f" {fit(words, max(1, width - 12))}")]
    return [Content.styled(fit(words, width), "$quiet")]


def _amount(pool: Pool) -> str:
    return "unknown" if pool.budget is None else gib(pool.budget)


def entry_lines(entry: Entry, used: tuple[Route, ...], width: int) -> list[Content]:
    """The few lines of a model that matter before its sum."""
    head = f"{clean(entry.name, 80)} {clean(entry.quant, 20)}".strip()
    note = f"{size_words(entry.size)}" if entry.size else ""
    lines = [title(fit(head, min(len(head), max(4, width - len(note) - 6))), width, note)]
    lines += fact("where", where_words(entry), width)
    lines += fact("routes", route_words(used, entry), width)
    lines += fact("licence", licence_words(entry), width)
    return lines


def where_words(entry: Entry) -> str:
    """Where it is, and what to do to have it."""
    if entry.place is Place.SERVED:
        loaded = {True: ", loaded", False: ", not loaded now", None: ""}[entry.loaded]
        return f"served at {entry.address}{loaded}"
    if entry.place is Place.DISK:
        return f"on disk: {entry.here}"
    if entry.size is None:
        return "not here"
    return f"not here; {size_words(entry.size)} to fetch (p plans it)"


def route_words(used: tuple[Route, ...], entry: Entry) -> Content:
    """Which routes use it, and which should."""
    parts: list[Content | tuple[str, str] | str] = []
    if used:
        parts.append(("used by " + ", ".join(route.value for route in used), "bold"))
    if entry.recommended:
        parts.append(("; " if parts else "") + "recommended for " + ", ".join(work.value for work in entry.recommended))
    return Content.assemble(*parts) if parts else Content.styled("none uses it", "$quiet")


def licence_words(entry: Entry) -> str:
    """Its terms, and what it can do beside writing."""
    model = entry.catalog
    words = [entry.licence or "not stated"]
    if model is not None:
        words += ["gated" if model.gated else "not gated" if model.gated is False else "gating not checked"]
        words += ["calls tools"] if model.tools and model.tools.offered else []
        words += ["reads pictures"] if model.pictures and model.pictures.offered else []
        words += ["thinks"] if model.thinks else []
    return ", ".join(words)


def sum_lines(entry: Entry, width: int) -> list[Content]:
    """Everything that `setup fit` prints: the sum part by part, where it goes, how fast, and what that rests on."""
    verdict = entry.verdict
    if verdict is None:
        return paragraph(
            "Nothing is known about the shape of this model, neither from its file nor from its name, so nobody can "
            "say what it takes.",
            width,
        )
    return spaced([_parts(verdict, width), _places(verdict, width), _speed(verdict, width), _quality(entry, width)])


def _parts(verdict: Verdict, width: int) -> list[Content]:
    load = verdict.load
    note = f"{load.context:,} tokens, cache {load.cache_type.value}, {load.slots} at once"
    lines = [title("Memory", width, note if width >= 50 else "")]
    for name, amount, why in sum_rows(verdict):
        total = name == "total"
        head = Content.assemble((fit(name, 16), "bold" if total else "$quiet"), fit_right(amount, 10), "  ")
        wrapped = paragraph(why, max(10, width - 28), "$quiet") if width >= 50 else [Content()]
        lines.append(Content.assemble(head, wrapped[0]))
        lines += [Content.assemble(" " * 28, line) for line in wrapped[1:]]
    return lines


def _places(verdict: Verdict, width: int) -> list[Content]:
    placement = verdict.placement
    if placement is None:
        known = verdict.fits is False and verdict.budget is not None
        words = (
            f"✗ It does not fit: {gib(verdict.budget or 0)} can be used at most."
            if known
            else "? Nobody can tell: the free memory of this machine is not known."
        )
        return [title("Fit", width), *paragraph(words, width, "bold")]
    lines = [title("Fit", width), *paragraph(f"✓ {MODE_WORDS[placement.mode]}", width, "bold")]
    for pool, taken in ((placement.gpu, placement.gpu_bytes), (placement.cpu, placement.cpu_bytes)):
        if pool is not None and pool.budget is not None:
            words = f"{gib(taken)} of {gib(pool.budget)} on {pool.name}, {gib(pool.budget - taken)} left"
            lines += paragraph(words, width, first="- ", indent="  ")
            lines += paragraph(pool.reason, width, "$quiet", first="  ", indent="  ")
    return lines


def _speed(verdict: Verdict, width: int) -> list[Content]:
    speed = verdict.speed
    if speed is None:
        return []
    figure = f"about {speed.mid:.0f} tokens a second ({speed.low:.0f} to {speed.high:.0f})"
    return [
        title("Speed", width, speed.basis),
        *paragraph(figure, width, "bold"),
        *paragraph(speed.words, width, "$quiet"),
    ]


def _quality(entry: Entry, width: int) -> list[Content]:
    model = entry.catalog
    if model is None:
        words = "No published figure says how good it is, so it is not ranked."
        return [title("Quality", width), *paragraph(words, width, "$quiet")]
    lines = [title("Quality", width, model.released)]
    overall = model.quality.overall
    if overall is not None:
        maker = "; only its maker has measured it" if overall.maker_only else ""
        lines += paragraph(f"{overall.score:.1f} of 100 overall{maker}", width, "bold")
    for task in ("agent", "coding", "chat", "math", "vision"):
        rank = getattr(model.quality, task)
        if rank is not None:
            thin = " (thin evidence)" if rank.thin else ""
            lines += paragraph(f"place {rank.rank} of {rank.of} in {task}{thin}", width, first="- ", indent="  ")
    if model.not_recommended:
        lines += paragraph(f"not recommended: {model.not_recommended}", width, "$text-warning")
    return lines
