"""ModelRouter, the class people import: joins the configuration (YAML) and the engine (pure).

    router = ModelRouter.from_config()
    router.route_fast("fix the repo and run tests")     # 'code_agent'
    router.route("drop the production database")        # the receipt

A router is built once and shared; it never changes and is safe in every thread. Without a valid configuration it is
*closed*: every prompt waits for a person, and the receipt says why.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_router.config.availability import availability_reasons
from model_router.config.lexicon_file import load_lexicon
from model_router.config.prepared import known_catalog
from model_router.engine import receipt
from model_router.engine.catalog import Catalog
from model_router.engine.decision import PastReading, PromptScore, RoutingDecision
from model_router.engine.engine import DecisionEngine, Weighed
from model_router.engine.hints import NO_HINTS, RoutingHints, parse_hints
from model_router.engine.routes import HUMAN_CONFIRM, Profile, Route
from model_router.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from model_router.engine.dispatch import DispatchPlan
    from model_router.engine.lexicon import Lexicon

Hints = RoutingHints | Mapping[str, Any] | None

CLOSED_VERSION = "closed"


class ModelRouter:
    """One router in memory. Build it with :meth:`from_config`.

    ``least_context``: the tokens that every enabled engine of the catalog takes.
    """

    def __init__(self, engine: DecisionEngine | None, catalog: Catalog, errors: tuple[str, ...] = ()) -> None:
        self._engine = engine
        self.catalog = catalog
        self.config_errors = errors
        self.config_hash = engine.config_hash if engine else CLOSED_VERSION
        self.least_context = min((spec.max_context for spec in catalog.engines.values() if spec.enabled), default=0)
        self.ruleset_version = engine.ruleset_version if engine else CLOSED_VERSION

    @classmethod
    def from_config(
        cls,
        path: str | Path | None = None,
        *,
        validate_availability: bool = True,
        profile: Profile = Profile.BALANCED,
        lazily: bool = False,
        lexicon: Lexicon | None = None,
    ) -> ModelRouter:
        """Read a catalog once; without ``path`` the one in the package. A bad file gives a closed router, no error.

        With ``lazily`` it decides the same and is ready sooner, but each decision takes longer: most of the lexicon
        stays unread until it is needed. That is for a process that decides once, on one thread. ``lexicon`` is one
        that another router has read already; it is the same for all.
        """
        try:
            catalog, digest = _read(Path(path) if path is not None else None)
            lexicon = lexicon or load_lexicon(lazily=lazily)
        except ConfigError as error:
            lines = tuple(str(problem) for problem in error.problems)
            return cls(None, Catalog(), lines or (error.message,))
        unavailable = availability_reasons(catalog, os.environ) if validate_availability else {}
        engine = DecisionEngine(
            catalog, lexicon, unavailable=unavailable, config_hash=digest, profile=profile, lazily=lazily
        )
        return cls(engine, catalog)

    @property
    def lexicon(self) -> Lexicon | None:
        """What the router knows about words; None when it is closed."""
        return self._engine.lexicon if self._engine is not None else None

    @property
    def unavailable(self) -> Mapping[str, str]:
        """Engines that could not be used here when the router was built, and why."""
        return self._engine.unavailable if self._engine is not None else {}

    @property
    def config_valid(self) -> bool:
        """False: closed."""
        return self._engine is not None

    def route_fast(self, prompt: str, hints: Hints = None) -> str:
        """The engine's name alone: the hot path.

        Raises:
            UsageError: a hint that is not known.
        """
        checked = NO_HINTS if hints is None else self._check(hints)
        if self._engine is None:
            return HUMAN_CONFIRM
        try:
            return self._engine.select(prompt, checked)
        except Exception:  # noqa: BLE001 - whatever cannot be read waits for a person; route() names the reason
            return HUMAN_CONFIRM

    def pick(self, prompt: str, hints: Hints = None) -> tuple[str, Route]:
        """The engine that :meth:`route_fast` names, and the route that led to it.

        Raises:
            UsageError: a hint that is not known.
        """
        weighed = self.weigh(prompt, hints)
        return (weighed.engine, weighed.route) if weighed is not None else (HUMAN_CONFIRM, Route.CONFIRMATION)

    def weigh(self, prompt: str, hints: Hints = None) -> Weighed | None:
        """The decision before a word is said about it, for :meth:`explain` and :meth:`digest` with the same hints.

        None when it waits for a person because the router is closed or the prompt cannot be read: only :meth:`route`
        says more of that.

        Raises:
            UsageError: a hint that is not known.
        """
        checked = NO_HINTS if hints is None else self._check(hints)
        if self._engine is None:
            return None
        try:
            return self._engine.weigh(prompt, checked)
        except Exception:  # noqa: BLE001 - whatever cannot be read waits for a person; route() names the reason
            return None

    def explain(self, weighed: Weighed, prompt: str, hints: RoutingHints = NO_HINTS) -> RoutingDecision:
        """The receipt of what this router weighed; of the prompt, what the features' ``clip`` leaves is enough."""
        return self._opened().explain(weighed, prompt, hints)

    def digest(self, weighed: Weighed, hints: RoutingHints = NO_HINTS) -> receipt.Digest:
        """What that receipt says in short, at a fraction of its cost."""
        return self._opened().digest(weighed, hints)

    def _opened(self) -> DecisionEngine:
        if self._engine is None:
            raise ConfigError("the router is closed: " + "; ".join(self.config_errors))
        return self._engine

    def pick_approved(self, prompt: str, hints: Hints = None) -> tuple[str, Route]:
        """What :meth:`weigh` would say without the safety rules: for a prompt that a person let pass, and no other.

        Limits and policies hold as ever, and a closed router stays closed.

        Raises:
            UsageError: a hint that is not known.
        """
        checked = NO_HINTS if hints is None else self._check(hints)
        if self._engine is None:
            return HUMAN_CONFIRM, Route.CONFIRMATION
        try:
            return self._engine.select_approved(prompt, checked)
        except Exception:  # noqa: BLE001 - whatever cannot be read waits for a person; route() names the reason
            return HUMAN_CONFIRM, Route.CONFIRMATION

    def refusal(self, engine: str, route: Route, hints: RoutingHints = NO_HINTS) -> str | None:
        """Why ``engine`` may not serve ``route`` under ``hints``; None when it may. A closed router refuses all."""
        return self._engine.refusal(engine, route, hints) if self._engine is not None else "the router is closed"

    def route(
        self,
        prompt: str,
        hints: Hints = None,
        *,
        include_alternatives: bool = True,
        include_evidence: bool = True,
    ) -> RoutingDecision:
        """The receipt: the same engine as :meth:`route_fast`, and why.

        Raises:
            UsageError: a hint that is not known.
        """
        checked = self._check(hints)
        profile = checked.profile or Profile.BALANCED
        if self._engine is None:
            return receipt.closed(self.config_errors, profile, self.config_hash, self.ruleset_version)
        try:
            return self._engine.decide(
                prompt, checked, include_alternatives=include_alternatives, include_evidence=include_evidence
            )
        except Exception as error:  # noqa: BLE001 - fails closed; the receipt carries the reason
            return receipt.unreadable(
                f"{type(error).__name__} while reading the prompt", profile, self.config_hash, self.ruleset_version
            )

    def route_again(self, past: PastReading, hints: Hints = None) -> RoutingDecision:
        """The receipt for an ask whose text is gone, from what was read under the same ``ruleset_version``.

        Raises:
            UsageError: a hint that is not known.
        """
        checked = self._check(hints)
        if self._engine is None:
            profile = checked.profile or Profile.BALANCED
            return receipt.closed(self.config_errors, profile, self.config_hash, self.ruleset_version)
        return self._engine.decide_again(past, checked)

    def score(self, prompt: str, hints: Hints = None) -> PromptScore:
        """Scores and flags without policy.

        Raises:
            UsageError: a hint that is not known.
            ConfigError: the router is closed.
        """
        checked = self._check(hints)
        return self._opened().score(prompt, checked)

    def _check(self, hints: Hints) -> RoutingHints:
        checked = parse_hints(hints)
        forced = checked.force_engine
        if forced is not None and self._engine is not None and forced not in self.catalog.engines:
            known = sorted(self.catalog.engines)
            import difflib

            near = difflib.get_close_matches(forced, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise UsageError(f"no engine is called {forced!r}", f"{hint}known: {' '.join(known)}")
        return checked


def _read(path: Path | None) -> tuple[Catalog, str]:
    """A catalog and its digest.

    Raises:
        ConfigError: with every mistake of the file.
    """
    known = known_catalog(path)
    if known is not None:
        return known
    from model_router.config.catalog_file import load_catalog  # the YAML library is slow to import
    from model_router.config.digest import config_hash

    catalog = load_catalog(path)
    return catalog, config_hash(catalog)


def route_prompt(
    prompt: str,
    hints: Hints = None,
    *,
    config_path: str | Path | None = None,
    validate_availability: bool = True,
    include_alternatives: bool = True,
) -> RoutingDecision:
    """One decision, with a router that is built for it; keep a :class:`ModelRouter` for more than one."""
    router = ModelRouter.from_config(config_path, validate_availability=validate_availability, lazily=True)
    return router.route(prompt, hints, include_alternatives=include_alternatives)


def score_prompt(prompt: str, hints: Hints = None) -> PromptScore:
    """Scores and flags of one prompt, without policy."""
    return ModelRouter.from_config(validate_availability=False, lazily=True).score(prompt, hints)


def build_dispatch_plan(
    decision: RoutingDecision | str, *, router: ModelRouter | None = None, hints: Hints = None
) -> DispatchPlan:
    """What an adapter would do with a decision, or with a prompt that is decided first. Nothing is carried out."""
    from model_router.engine.dispatch import plan

    router = router or ModelRouter.from_config(lazily=True)
    if isinstance(decision, str):
        decision = router.route(decision, hints)
    return plan(decision, router.catalog)
