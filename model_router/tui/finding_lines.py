"""What the doctor found as lines: one finding with its fix, and the truth card of a backend."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from textual.content import Content

from model_router.config.truth_card import TruthCard
from model_router.setup.doctor.finding import Finding, Level
from model_router.tui.lines import fact, paragraph, title
from model_router.tui.text import clean

LEVEL_GLYPHS: Mapping[Level, str] = MappingProxyType({Level.PROBLEM: "✗", Level.WARNING: "!", Level.FINE: "✓"})
_STYLES: Mapping[Level, str] = MappingProxyType(
    {Level.PROBLEM: "$text-error bold", Level.WARNING: "$text-warning", Level.FINE: "$text-success"}
)
ORDER = (Level.PROBLEM, Level.WARNING, Level.FINE)


def found_words(finding: Finding) -> str:
    """What was found, without the path that stands before it already: ``line 8: ...``."""
    rest = finding.message.removeprefix(f"{finding.subject}:")
    return finding.message if rest == finding.message else f"line {rest.strip()}"


def finding_lines(finding: Finding, width: int) -> list[Content]:
    """What was found, what to do, and what f would write."""
    glyph = LEVEL_GLYPHS[finding.level]
    head = Content.styled(f"{glyph} {clean(finding.subject, 60)}", _STYLES[finding.level])
    lines = [*head.wrap(max(8, width)), *paragraph(found_words(finding), width)]
    if finding.fix:
        lines += paragraph(finding.fix, width, first="→ ", indent="  ")
    if finding.settings:
        words = ", ".join(f"{key}: {value}" for key, value in finding.settings.items())
        lines += paragraph(f"f writes {words} for this backend, after a yes", width, "$quiet", first="  ", indent="  ")
    return lines


def card_lines(card: TruthCard, width: int, *, current: bool) -> list[Content]:
    """What a backend showed of itself when it was last asked."""
    note = clean(card.checked_at[:16].replace("T", " "))
    lines = [title(f"Truth card: {clean(card.backend, 30)}", width, note if width >= 50 else "")]
    if not current:
        lines += paragraph("Of another address or model than the configured one, so it does not count.", width)
    context = f"{card.context:,} tokens" if card.context else "not found out"
    for name, value in (
        ("model", card.model),
        ("server", f"{card.base_url}" + (f" ({card.server})" if card.server else "")),
        ("context", context),
        ("listed", _word(card.advertised)),
        ("streams", _word(card.streams) + (", with usage" if card.usage_in_streams else "")),
        ("tools", _word(card.tools)),
        ("pictures", _word(card.pictures)),
        ("stops", _word(card.stops_when_left) + ("" if card.stops_when_left is None else " when the client leaves")),
    ):
        lines += fact(name, value, width)
    return lines


def _word(known: bool | None) -> str:
    return "not found out" if known is None else "yes" if known else "no"
