"""What the demo's make-believe clients ask: every route, several languages, some orders that wait for a person."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoAsk:
    """One request of the sample traffic. ``image`` adds a picture part; ``client`` becomes the User-Agent."""

    text: str
    client: str = "chat/1.0"
    stream: bool = True
    image: bool = False


CHAT = "chat/1.0"
EDITOR = "editor/2.1"
AGENT = "agent/0.4"

DEMO_ASKS: tuple[DemoAsk, ...] = (
    DemoAsk("rewrite this text so that it sounds friendlier"),
    DemoAsk("fix the repo and run tests", EDITOR),
    DemoAsk("summarize these notes from the Tuesday call"),
    DemoAsk("translate 'see you at the station' into Portuguese", stream=False),
    DemoAsk("design a distributed task scheduler architecture and weigh the trade-offs", AGENT),
    DemoAsk("search the web for the latest TypeScript release notes", AGENT),
    DemoAsk("extract text from this screenshot", image=True),
    DemoAsk("drop the production database", AGENT, stream=False),
    DemoAsk("refactor the parser module into two classes and add unit tests", EDITOR),
    DemoAsk("generate an image of a lighthouse in the fog"),
    DemoAsk("correct the spelling: teh quikc borwn fox"),
    DemoAsk("write an outline for a talk about backups"),
    DemoAsk("why does this stack trace end in a KeyError? Traceback (most recent call last): cache.py line 40", EDITOR),
    DemoAsk("compare event sourcing with plain tables for an audit trail, step by step", AGENT),
    DemoAsk("what is the weather in Lisbon today?", AGENT),
    DemoAsk("send the invoice to all customers now", AGENT, stream=False),
    DemoAsk("fasse diese Notizen in drei Sätzen zusammen"),
    DemoAsk("behebe den Fehler in der Testsuite und starte sie neu", EDITOR),
    DemoAsk("¿qué ha pasado hoy en la bolsa de Madrid?", AGENT),
    DemoAsk("réécris ce paragraphe en plus court"),
    DemoAsk("この文章を英語に翻訳して", stream=False),
    DemoAsk("describe what you see in this photo", image=True),
    DemoAsk("prove that the sum of two odd numbers is even", stream=False),
    DemoAsk("how do I delete a table in SQL?", EDITOR),
    DemoAsk("buy two tickets for the evening train", AGENT, stream=False),
    DemoAsk("write a haiku about queues"),
    DemoAsk("draw a logo of a fox made of paper"),
    DemoAsk("add a --json flag to the export command and update its test", EDITOR),
    DemoAsk("explain step by step how a consensus protocol survives a network split", AGENT),
    DemoAsk("delete all files in the backup folder", AGENT, stream=False),
    DemoAsk("make this headline shorter"),
    DemoAsk("find current benchmarks of small language models and cite the sources", AGENT),
    DemoAsk("написать тест для функции сортировки", EDITOR),
    DemoAsk("turn these bullet points into a short e-mail"),
    DemoAsk("plan a migration from one region to three without downtime", AGENT),
    DemoAsk("put a comma where it is missing: first we eat then we talk", stream=False),
)
