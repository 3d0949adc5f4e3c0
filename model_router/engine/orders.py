"""The words by which somebody is told to do something risky, language by language: what :mod:`safety` reads.

An order is a verb in the form that commands or asks, at a place where an order can begin, and near it an object that
makes it risky. ``_`` stands for a space, ``*`` for any ending. Verbs stand first, or last where the language puts them
there. Only what is plain belongs here: what is open is left to the learned scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model_router.engine.routes import RiskClass

DESTRUCTIVE, SEND, PURCHASE, EXTERNAL = (
    RiskClass.DESTRUCTIVE,
    RiskClass.SEND,
    RiskClass.PURCHASE,
    RiskClass.EXTERNAL,
)


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language. ``openers`` are words after which an order may begin within a sentence."""

    code: str
    openers: str
    orders: Mapping[RiskClass, tuple[tuple[str, str], ...]]
    verb_last: bool = False
    spaced: bool = True


_THINGS = (
    "database* databases db table* schema* production prod server* cluster* namespace* volume* bucket* backup* "
    "snapshot* disk* partition* drive* file* folder* director* repo repos repositor* branch* log logs record* row rows "
    "data account* user* customer* employee* subscriber* email* mail mails inbox message* conversation* contact* photo* "
    "picture* document* calendar* meeting* event* appointment* reminder* note* playlist* subscription* instance* "
    "deployment* container* image* vm vms machine* certificate* key keys token* secret* index indexes queue* topic* "
    "cache history setting* everything all_of_it"
)

ENGLISH = Tongue(
    code="en",
    openers=(
        "please then now next also and finally just kindly afterwards immediately go_ahead_and make_sure_to "
        "make_sure_you be_sure_to remember_to proceed_to i_want_you_to i_need_you_to i_would_like_you_to id_like_you_to "
        "you_must you_should you_have_to you_need_to you_will can_you could_you would_you will_you lets your_task_is_to "
        "your_job_is_to"
    ),
    orders={
        DESTRUCTIVE: (
            (
                "delete remove drop wipe wipe_out erase destroy purge truncate overwrite nuke clear_out get_rid_of "
                "permanently_delete permanently_remove terminate decommission tear_down factory_reset reformat format",
                _THINGS,
            ),
            (
                "revoke disable deactivate suspend reset",
                "access permission* account* user* key keys token* password* role*",
            ),
            (
                "kill stop shut_down power_off restart reboot",
                "production prod server* cluster* database* instance* service*",
            ),
            ("force_push force-push git_push_--force", "main master branch* origin repo* production"),
        ),
        SEND: (
            (
                "send forward mail email e-mail",
                "email* mail mails message* report* invoice* document* file* contract* newsletter* everyone everybody "
                "customer* client* team list boss manager press salary password* credential* secret* key keys data",
            ),
            (
                "post publish tweet",
                "twitter facebook linkedin instagram slack blog website channel* forum* tweet* publicly",
            ),
        ),
        PURCHASE: (
            (
                "buy purchase order pay transfer wire donate",
                "dollar* euro* pound* usd eur gbp $ € £ money invoice* bill bills rent share* stock* ticket* subscription* "
                "supplier* vendor* account* bitcoin btc eth crypto laptop* phone* licence* license* gift_card*",
            ),
            ("book reserve", "flight* hotel* room rooms table* ticket* car seat* train* apartment* trip*"),
        ),
        EXTERNAL: (
            ("deploy release ship roll_out push", "production prod live customers main master app_store"),
            ("merge", "main master production release"),
            ("grant give", "admin administrator root sudo owner access permission* privilege*"),
            ("sign accept submit file", "contract* lease* agreement* tax_return* application* claim* offer* lawsuit*"),
            ("fire dismiss lay_off", "employee* staff worker* contractor*"),
            ("sell short liquidate", "share* stock* position* portfolio* holdings"),
        ),
    },
)

TONGUES: tuple[Tongue, ...] = (ENGLISH,)
