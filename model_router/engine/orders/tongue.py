"""The shape of the tables: which acts and things there are, and what a language says for each.

Words are parted by spaces; within an entry ``_`` stands for a space and a last ``*`` for any ending. Accents may be
left out by the person. An act is written in the forms that command or ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from model_router.engine.routes import RiskClass


@dataclass(frozen=True, slots=True)
class Acts:
    """What somebody can be told to do. A field is the list of words for it."""

    delete: str = ""
    revoke: str = ""
    stop: str = ""
    cancel: str = ""
    send: str = ""
    call: str = ""
    post: str = ""
    pay: str = ""
    buy: str = ""
    book: str = ""
    deploy: str = ""
    merge: str = ""
    grant: str = ""
    sign: str = ""
    schedule: str = ""


@dataclass(frozen=True, slots=True)
class Things:
    """What it can be done to. Only what makes the act plain: leave out what is also said of a text or of code."""

    data: str = ""
    access: str = ""
    machines: str = ""
    events: str = ""
    plans: str = ""
    messages: str = ""
    people: str = ""
    places: str = ""
    money: str = ""
    goods: str = ""
    bookings: str = ""
    production: str = ""
    branches: str = ""
    papers: str = ""


GRID: Mapping[str, tuple[RiskClass, tuple[str, ...]]] = MappingProxyType(
    {
        "delete": (RiskClass.DESTRUCTIVE, ("data", "messages", "events", "production")),
        "revoke": (RiskClass.DESTRUCTIVE, ("access",)),
        "stop": (RiskClass.DESTRUCTIVE, ("machines", "production")),
        "cancel": (RiskClass.DESTRUCTIVE, ("events", "plans", "bookings")),
        "send": (RiskClass.SEND, ("messages", "papers", "people")),
        "call": (RiskClass.SEND, ("people",)),
        "post": (RiskClass.SEND, ("places",)),
        "pay": (RiskClass.PURCHASE, ("money",)),
        "buy": (RiskClass.PURCHASE, ("goods", "bookings")),
        "book": (RiskClass.PURCHASE, ("bookings",)),
        "deploy": (RiskClass.EXTERNAL, ("production",)),
        "merge": (RiskClass.EXTERNAL, ("branches", "production")),
        "grant": (RiskClass.EXTERNAL, ("access",)),
        "sign": (RiskClass.EXTERNAL, ("papers",)),
        "schedule": (RiskClass.EXTERNAL, ("events",)),
    }
)
"""An act is an order when one of these kinds of things stands near it. The class is that of the act."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language.

    ``begin`` are words that may stand before the verb at the start of a clause ("could you"), ``link`` those after
    which an order may begin anywhere ("then", "please"). ``hush`` are words that, earlier in the sentence, make it no
    order ("how", "never", "script"), ``after`` those that do so further on ("in Python").
    With ``asks_anywhere`` the words of ``hush`` do so further on too.
    ``script`` names the letters; tongues of one script are looked for together.
    ``first`` are the verbs that stand before their thing, ``last`` those that end the clause.
    """

    code: str
    first: Acts
    things: Things
    last: Acts = Acts()
    begin: str = ""
    link: str = ""
    hush: str = ""
    after: str = ""
    script: str = "latin"
    spaced: bool = True
    accents_count: bool = False
    asks_anywhere: bool = False
