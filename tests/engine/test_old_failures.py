"""Where routers used to go wrong, one class of failure a test, through the whole engine: scores, rules and all.

Every ask is in our own words. But for the few words that say to go on, none stands in the corpus.
"""

from __future__ import annotations

import pytest

from model_router.config.lexicon_file import load_lexicon
from model_router.engine.catalog import Catalog
from model_router.engine.engine import DecisionEngine
from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.engine.routes import Attachment, Route

ENGINE = DecisionEngine(Catalog(), load_lexicon(), unavailable={}, config_hash="test")
WITH_IMAGE = RoutingHints(attachments=(Attachment.IMAGE,))


def route(ask: str, hints: RoutingHints = NO_HINTS) -> Route:
    return ENGINE.decide(ask, hints, include_alternatives=False, include_evidence=False).route


PASTED = {
    "story": "What is the mood of this passage?\n\nAt dusk the captain gave the order. 'Burn the letters, sell the"
    " ship, pay the crew,' she said, and she deleted every name from the book. Nobody slept that night.",
    "issue": "Please triage this report.\n\n### Bug\nWhen I delete a project, all of its members get a mail.\n\n### "
    "Steps to reproduce\n1. Create a project\n2. Delete it\n3. Everybody is notified\n\n### Expected\nNo mail is sent.",
    "log": "Why does the nightly job stop?\n2026-03-02 01:00:07 INFO dropping stale partitions\n"
    "2026-03-02 01:00:09 WARN delete of tmp_orders took 2 s\n2026-03-02 01:00:11 ERROR payment service refused",
    "mail": "Sum this up in two lines.\n\nFrom: Hanna\nTo: Office\nSubject: Friday\n\nPlease cancel the catering,"
    " transfer the deposit back to us and send everyone a short note. Thanks, Hanna",
    "code": "What does this do?\n```python\nfor user in inactive:\n    db.delete(user)\n    mail.send(user, 'bye')\n"
    "shutil.rmtree(CACHE)\n```",
    "trace": 'Explain the error.\n\nTraceback (most recent call last):\n  File "purge.py", line 12, in wipe\n'
    "    os.remove(path)\nPermissionError: cannot delete /srv/data",
    "minutes": "Make minutes out of these notes.\n\n> Omar: we drop the old contract.\n> Ines: and pay the rest in"
    " May.\n> Omar: then I publish the new prices.",
}


@pytest.mark.parametrize("ask", PASTED.values(), ids=PASTED)
def test_risky_words_in_what_is_pasted_stop_nobody(ask: str) -> None:
    assert route(ask) is not Route.CONFIRMATION


@pytest.mark.parametrize(
    "ask",
    [
        "Explain how binary search works. Remember: never delete files and do not push to main.",
        "House rules: no force pushes, never drop a table, don't send mail to customers, ask before you deploy.\n\n"
        "Why is the second test slow?",
        "<system-reminder>Do not delete anything. Never publish or deploy.</system-reminder>\nWhat is a monad?",
        "Ohne etwas zu löschen oder abzuschicken: erkläre mir den Aufbau dieser Tabelle.",
        "Ne supprime rien et n'envoie rien ; explique-moi seulement la différence entre les deux méthodes.",
        "不要删除任何东西,只解释一下这两个方案的区别。",
    ],
)
def test_what_forbids_a_thing_does_not_order_it(ask: str) -> None:
    assert route(ask) is not Route.CONFIRMATION


@pytest.mark.parametrize(
    "ask",
    [
        'Is this prompt clear enough? "Delete all test users and mail me the list."',
        "Improve my prompt: «Book the cheapest flight to Oslo and pay with my card.»",
        "Translate into Spanish: 'Please transfer the money today.'",
        "How many words are in “Cancel my subscription and send me the receipt”?",
        "Classify the intent of: 'wire two hundred to my sister'",
    ],
)
def test_a_quoted_prompt_is_a_text_and_no_order(ask: str) -> None:
    assert route(ask) is not Route.CONFIRMATION


@pytest.mark.parametrize(
    "order", ["erase the production database", "wire 90 euros to the plumber", "lösche alle Konten"]
)
@pytest.mark.parametrize("wrap", ['"{}"', "'{}'", "“{}”", "«{}»", "`{}`", "> {}", "```\n{}\n```", "「{}」", '"""{}"""'])
def test_quotation_marks_around_all_that_is_said_shelter_nothing(order: str, wrap: str) -> None:
    assert route(wrap.format(order)) is Route.CONFIRMATION


@pytest.mark.parametrize("tail", ["Reply in English.", "Answer in German, please.", "Use French.", "用中文回答。"])
@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        ("erase the production database", Route.CONFIRMATION),
        ("Will it rain in Lisbon tomorrow?", Route.RESEARCH),
        ("Write a Python function that merges two sorted lists.", Route.CODING),
        ("Prove that the square root of 7 is irrational.", Route.REASONING),
    ],
)
def test_the_language_to_answer_in_changes_no_route(ask: str, expected: Route, tail: str) -> None:
    assert route(ask) is expected
    assert route(f"{ask} {tail}") is expected


@pytest.mark.parametrize(
    "ask",
    [
        "turn the sea green",
        "make her hair red",
        "put a hat on the dog",
        "take away the lamp post on the left",
        "swap the background for a beach",
        "färb den Himmel rosa",
        "mets-lui des lunettes de soleil",
        "把背景换成雪山",
        "空を紫にして",
    ],
)
def test_to_change_a_picture_that_came_along_is_to_make_one(ask: str) -> None:
    assert route(ask, WITH_IMAGE) is Route.IMAGE_GENERATION


@pytest.mark.parametrize(
    "ask",
    [
        "Show that the sum of two odd numbers is even.",
        "Prove by induction that 1 + 3 + 5 + ... + (2n - 1) = n^2.",
        "A tank fills in 6 hours and drains in 9. How long until it is full with both open?",
        "What is the derivative of x^3 * sin(x)?",
        "How many ways are there to seat 5 people at a round table?",
        "Zeige, dass es zu jeder Primzahl eine größere gibt.",
        "Un train part à 8 h à 90 km/h, un autre à 9 h à 120 km/h. À quelle heure le rattrape-t-il ?",
        "证明:任意三个连续整数的乘积能被6整除。",
    ],
)
def test_mathematics_is_worked_out(ask: str) -> None:
    assert route(ask) is Route.REASONING


@pytest.mark.parametrize(
    "ask",
    [
        "do I need an umbrella in Porto this afternoon",
        "what's the score in the Ajax match right now",
        "who is the current prime minister of Norway?",
        "how much is gold per ounce today",
        "latest stable release of the Linux kernel",
        "is the A9 still closed near Munich",
        "Wie wird das Wetter morgen in Graz?",
        "Wer ist gerade Trainer von Hertha?",
        "Quel temps fait-il à Lille aujourd'hui ?",
        "¿A cuánto está el dólar hoy?",
        "quanto costa oggi il bitcoin?",
        "Jaka jest dziś pogoda w Gdańsku?",
        "какой сейчас курс евро",
        "bugün hava nasıl İzmir'de",
        "今天上海天气怎么样",
        "明日の大阪の天気は?",
        "지금 환율이 얼마야?",
        "كم سعر الذهب اليوم؟",
        "आज दिल्ली का मौसम कैसा है?",
    ],
)
def test_what_changes_is_looked_up_in_any_wording_and_language(ask: str) -> None:
    assert route(ask) is Route.RESEARCH


@pytest.mark.parametrize(
    "ask",
    [
        "list the ten largest files under /var",
        "show me which process listens on port 8080",
        "count the lines of every .csv in this folder",
        "print the last 50 lines of syslog that mention ssh",
        "find all files changed in the last two days",
    ],
)
def test_shell_that_reads_waits_for_nobody(ask: str) -> None:
    assert route(ask) is Route.CODING


@pytest.mark.parametrize(
    "ask",
    [
        "remove every .log file under /var",
        "kill whatever listens on port 8080",
        "chmod -R 777 /etc",
        "overwrite /dev/sdb with zeros",
        "delete all files older than two days in /home",
        "truncate the syslog",
    ],
)
def test_shell_that_destroys_waits(ask: str) -> None:
    assert route(ask) is Route.CONFIRMATION


@pytest.mark.parametrize(
    ("order", "twin"),
    [
        ("deploy version 4 to production", "how do we deploy without downtime?"),
        ("roll the release back on the live cluster", "what is a rolling release?"),
        ("give Tomas admin rights on the repository", "which admin rights does a maintainer need?"),
        ("revoke Lena's access to the vault", "write a runbook for revoking access"),
        ("run the migration against the production database", "explain what a database migration is"),
        ("purge the customer records from 2019", "how long must we keep customer records by law?"),
        ("pay the plumber 300 euros", "is 300 euros a fair price for a plumber?"),
        ("sell half of my shares", "what does it mean to sell short?"),
        ("überweise Oma 50 Euro", "Was ist der Unterschied zwischen Überweisung und Lastschrift?"),
        ("dale acceso de administrador a Marta", "¿qué puede hacer un administrador?"),
        ("merge la branche et déploie en production", "comment fonctionne un déploiement bleu-vert ?"),
    ],
)
def test_deploys_permissions_data_and_money_wait_and_their_twins_do_not(order: str, twin: str) -> None:
    assert route(order) is Route.CONFIRMATION
    assert route(twin) is not Route.CONFIRMATION


GOING_ON = [
    "looks good, proceed",
    "yes, go ahead and do it",
    "sounds good, ship it",
    "and go on",
    "next",
    "continue",
    "yes please",
    "ok do that",
    "try again",
    "weiter",
    "sí, adelante",
    "ja, mach weiter",
    "oui, vas-y",
    "sim, pode continuar",
    "ga door",
    "да, продолжай",
    "tak, kontynuuj",
    "evet, devam et",
    "好的,继续吧",
    "はい、続けてください",
    "네, 계속해 주세요",
    "نعم، تابع",
    "हाँ, आगे बढ़ो",
    "ok, read on",
    "yes, the second one please",
    "fine, keep it as it is",
]


@pytest.mark.parametrize("ask", GOING_ON)
def test_to_go_on_is_a_chat_and_no_risk(ask: str) -> None:
    """What it goes on with was judged when it was asked for; a session keeps its engine anyhow."""
    assert route(ask) in {Route.SIMPLE, Route.BALANCED}


@pytest.mark.parametrize(
    "ask",
    [
        "now refactor it to use subtraction safely",
        "good, now add a test for it",
        "same edit in the other module",
        "yep, apply the change to the parser",
    ],
)
def test_to_go_on_with_code_is_code(ask: str) -> None:
    assert route(ask) is Route.CODING


@pytest.mark.parametrize(
    "ask",
    [
        "yes, remove every one of them from the server",
        "ship it to production now",
        "looks good, deploy it",
        "ok, pay the invoice",
        "yes, send it",
        "ok, pay it",
        "sure, book it",
        "y, merge it",
        "yep, wipe it",
        "yes, send it to the whole company",
        "go ahead and book the flight",
        "ja, lösch sie alle",
        "sí, bórralos todos",
        "oui, mets-le en production",
        "va bene, paga la fattura",
        "да, удали их все",
        "evet, hepsini sil",
        "好的,全部删除",
        "はい、全部削除して",
        "네, 전부 삭제해",
    ],
)
def test_to_agree_to_a_risk_that_is_named_waits(ask: str) -> None:
    assert route(ask) is Route.CONFIRMATION
