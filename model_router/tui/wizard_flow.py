"""The wizard's way from what was found to a configuration: its answers, and what stands on each page. No widgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from textual.content import Content

from model_router.engine.routes import Route
from model_router.setup.configuration import Pick
from model_router.setup.download.wanted import Wanted, wanted_by
from model_router.setup.fit.measured import plain_name
from model_router.setup.fit.verdict import Verdict
from model_router.setup.fit.wording import gib
from model_router.setup.inventory import Inventory
from model_router.setup.model_catalog import Work
from model_router.setup.own_ports import own_ports
from model_router.setup.survey import Survey
from model_router.setup.wizard import Offer, Question, Where
from model_router.tui.lines import fact, paragraph, spaced, title
from model_router.tui.look import ROUTE_LOOKS
from model_router.tui.text import clean, counted, fit, fit_right

ROUTE_WORDS: Mapping[Route, str] = MappingProxyType(
    {
        Route.SIMPLE: "Short questions, greetings, titles and other small calls. A small, quick model is best.",
        Route.BALANCED: "Everyday work that fits nowhere else. This route has to have a model.",
        Route.REASONING: "Proofs, plans and problems that need long thought. The best model that is fast enough.",
        Route.CODING: "Writing and changing code, and the steps of coding agents. It should call tools.",
        Route.RESEARCH: "Questions that need sources and reading. It should call tools.",
        Route.VISION: "Requests with pictures. Only a model that reads pictures will do.",
    }
)


class Page(StrEnum):
    """The pages in their order; ``ROUTE`` comes once for each route."""

    LOOK = "look"
    WHERE = "where"
    ROUTE = "route"
    TOGETHER = "together"
    DONE = "done"


@dataclass(slots=True)
class Flow:
    """Where the person is, and what was answered. ``answers`` holds ``None`` for a route that shares a model.

    ``busy`` are ports that no server to be started may take.
    """

    page: Page = Page.LOOK
    where: Where = Where.LOCAL
    questions: tuple[Question, ...] = ()
    number: int = 0
    answers: dict[Route, Offer | None] = field(default_factory=dict)
    busy: frozenset[int] = frozenset()

    @property
    def question(self) -> Question | None:
        """The route that is asked about now."""
        return self.questions[self.number] if self.page is Page.ROUTE and self.number < len(self.questions) else None

    @property
    def chosen(self) -> dict[Route, Offer | None]:
        """The answers, each server that has to be started on a port of its own."""
        return own_ports(self.answers, self.busy)

    @property
    def picks(self) -> dict[Route, Pick]:
        """The models that were chosen."""
        return {route: offer.pick for route, offer in self.chosen.items() if offer is not None}

    @property
    def to_fetch(self) -> tuple[Route, ...]:
        """The routes whose model has to be fetched first."""
        return tuple(route for route, offer in self.answers.items() if offer is not None and offer.download)

    @property
    def to_start(self) -> tuple[str, ...]:
        """The commands of servers that have to run for what was chosen and do not yet."""
        offers = (offer for offer in self.chosen.values() if offer is not None)
        return tuple(dict.fromkeys(offer.serve for offer in offers if offer.serve))

    def begin(self, where: Where, questions: tuple[Question, ...]) -> None:
        """The first route."""
        self.where, self.questions, self.number, self.answers = where, questions, 0, {}
        self.page = Page.ROUTE

    def answer(self, offer: Offer | None) -> None:
        """One route is answered; routes without any offer are passed over."""
        question = self.question
        if question is None:
            return
        self.answers[question.route] = offer
        self.number += 1
        while self.number < len(self.questions) and not self.questions[self.number].offers:
            self.answers[self.questions[self.number].route] = None
            self.number += 1
        if self.number >= len(self.questions):
            self.page = Page.TOGETHER

    def back(self) -> bool:
        """One page back; whether there was one."""
        if self.page is Page.TOGETHER:
            self.page, self.number = Page.ROUTE, len(self.questions)
        if self.page is Page.ROUTE:
            self.number -= 1
            while self.number >= 0 and not self.questions[self.number].offers:
                self.number -= 1
            if self.number < 0:
                self.page = Page.WHERE
            return True
        return False


def wanted_downloads(flow: Flow, stock: Inventory) -> tuple[Wanted, ...]:
    """What is to be planned for the chosen recommendations, each repository once."""
    found: dict[tuple[str, tuple[str, ...]], Wanted] = {}
    for route in flow.to_fetch:
        choice = stock.recommendation.choices.get(Work(route.value))
        wanted = wanted_by(choice) if choice is not None else None
        if wanted is not None:
            known = found.get((wanted.repository, wanted.names))
            if known is None or wanted.projector:
                found[wanted.repository, wanted.names] = wanted
    return tuple(found.values())


def found_lines(found: Survey, stock: Inventory, width: int) -> list[Content]:
    """Hardware, servers, models and keys, before anything is asked."""
    machine = [title("What is here", width)]
    for pool in (*stock.pools.graphics, stock.pools.processor):
        amount = "unknown" if pool.budget is None else f"{gib(pool.budget)} for models"
        machine += fact("graphics" if pool.kind != "cpu" else "processor", f"{pool.name}: {amount}", width)
    servers = found.servers or ()
    words = ", ".join(f"{one.kind} at {one.address} ({counted(len(one.models), 'model')})" for one in servers)
    machine += fact("servers", words or "none answers on this machine", width)
    count, broken = len(found.found.models), len(found.found.unreadable)
    machine += fact("models", f"{count} in files" + (f", {broken} that cannot be read" if broken else ""), width)
    keys = ", ".join(name for name, there in found.keys.items() if there)
    machine += fact("keys", keys or "none is set", width)
    notes = [
        line
        for note in stock.recommendation.notices()[:3]
        for line in paragraph(note, width, "$quiet", first="· ", indent="  ")
    ]
    return spaced([machine, notes])


def route_page_lines(question: Question, stock: Inventory, place: tuple[int, int], width: int) -> list[Content]:
    """What the route is for, what is recommended, and why."""
    look = ROUTE_LOOKS[question.route]
    lines = [title(f"{look.glyph} {question.route.value}", width, f"{place[0]} of {place[1]}")]
    lines += paragraph(ROUTE_WORDS.get(question.route, ""), width)
    choice = stock.recommendation.choices.get(Work(question.route.value))
    if choice is None:
        return lines
    if choice.pick is None:
        words = choice.reasons[0] if choice.reasons else "nothing fits"
        return [*lines, Content(), *paragraph(f"No model is recommended: {words}", width, "$quiet")]
    name = f"{choice.pick.name} {choice.pick.variant.step.quant}"
    lines += [Content(), *paragraph(f"Recommended: {name}", width, "bold")]
    for reason in choice.reasons[:4]:
        lines += paragraph(reason, width, "$quiet", first="- ", indent="  ")
    return lines


def together_lines(flow: Flow, stock: Inventory, width: int) -> list[Content]:
    """Route by route what was chosen, and whether the local ones can be loaded at once."""
    chosen = [title("What was chosen", width, flow.where.value)]
    for route, offer in flow.chosen.items():
        look = ROUTE_LOOKS[route]
        shared = "no pictures" if route is Route.VISION else "shares the model of another route"
        words: tuple[str, str] = (clean(offer.pick.model, 80), "bold") if offer is not None else (shared, "$quiet")
        note = f"  {clean(offer.pick.base_url, 60)}" if offer is not None else ""
        chosen.append(Content.assemble(f"{look.glyph} {fit(route.value, 12)}", words, (note, "$quiet")))
    return spaced([chosen, _fit_lines(flow, stock, width)])


def _fit_lines(flow: Flow, stock: Inventory, width: int) -> list[Content]:
    local = {plain_name(pick.model): pick.model for pick in flow.picks.values() if pick.is_local}
    if not local:
        return []
    known = {plain: entry for entry in stock.entries for plain in entry.plain_names}
    found = {name: known.get(plain) for plain, name in local.items()}
    lines = [title("Together", width)]
    seeing = {
        offer.pick.model
        for route, offer in flow.chosen.items()
        if offer is not None and (offer.pictures or route is Route.VISION)
    }
    verdicts = {
        name: None if entry is None else entry.verdict_with_pictures if name in seeing else entry.verdict
        for name, entry in found.items()
    }
    for name, verdict in verdicts.items():
        words = gib(verdict.total) if verdict is not None else "unknown"
        lines.append(Content.assemble(fit(clean(name, 120), max(8, width - 12)), fit_right(words, 12)))
    known_ones = [one for one in verdicts.values() if one is not None]
    if len(known_ones) < len(found):  # a server tells the name of what it serves, and seldom its architecture
        words = "? The memory is not known of every model, so whether all of them fit together is not either."
        if len(found) == 1:
            words = "? What it needs is not known; nothing else is loaded beside it."
        return [*lines, *paragraph(words, width, "bold")]
    return [*lines, *paragraph(together_words(known_ones, stock), width, "bold")]


def together_words(verdicts: Sequence[Verdict], stock: Inventory) -> str:
    """Whether these can all be loaded at once, each in its usual place."""
    placements = [one.placement for one in verdicts if one.placement]
    if len(placements) < len(verdicts):
        return "✗ Not all of them fit this machine: choose smaller ones."
    graphics = sum(one.gpu_bytes for one in placements)
    system = sum(one.cpu_bytes for one in placements)
    inside = sum(one.gpu_bytes for one in placements if one.gpu is not None and one.gpu.kind == "unified")
    largest = {pool.kind: pool.budget or 0 for pool in sorted(stock.pools.graphics, key=lambda pool: pool.budget or 0)}
    on_card, shared = largest.get("gpu", 0), largest.get("unified", 0)
    in_memory = stock.pools.processor.budget or 0
    one_memory = inside <= shared and system <= in_memory and inside + system <= max(shared, in_memory)
    if graphics - inside <= on_card and one_memory:
        return "✓ All of them can be loaded at once."
    on_card += shared
    need = f"{gib(graphics)} of {gib(on_card)} on graphics, {gib(system)} of {gib(in_memory)} in system memory"
    return f"! Not all at once ({need}): the server loads each when it is asked for. Fewer models answer sooner."
