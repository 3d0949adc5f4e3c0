"""``model-router doctor``: what is wrong, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from model_router.cli.options import json_option
from model_router.cli.output import say_json, say_words, talk
from model_router.config.files import home_folder, proxy_path

if TYPE_CHECKING:
    from model_router.setup.doctor.finding import Finding

_WORDS = {"fine": "ok", "warning": "note", "problem": "WRONG"}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", type=click.Path(path_type=Path), help="The proxy file; without it ~/.model-router/routing_proxy.yaml."
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 3600),
    default=60.0,
    show_default=True,
    help="Seconds for one answer of a server; models may have to be loaded first.",
)
@click.option("--ask-hosted", is_flag=True, help="Let hosted servers answer too; that costs a few tokens of yours.")
@click.option(
    "--hardware",
    is_flag=True,
    help="Only print, as JSON, what was read about this machine and how it was understood, fit for a bug report.",
)
@json_option
def command(*, config: Path | None, timeout: float, ask_hosted: bool, hardware: bool, as_json: bool) -> int:
    """Check the configuration, the port, and what every backend can really do; each finding comes with its fix.

    Servers on this machine get a few short requests. What they showed is kept as truth_cards.json in the user folder.
    Ends with 1 if something is wrong.
    """
    if hardware:
        return _show_hardware()
    from model_router.config.truth_card import truth_cards_path
    from model_router.setup.doctor.examination import examine, keep_cards

    path = config or proxy_path(os.environ)
    examination = examine(path, os.environ, patience=timeout, ask_hosted=ask_hosted)
    if examination.cards:
        try:
            keep_cards(truth_cards_path(os.environ), examination.cards)
        except OSError as error:
            talk(f"the results could not be kept ({error.strerror or error})")
    if as_json:
        import msgspec

        say_json(
            {
                "well": examination.is_well,
                "findings": msgspec.to_builtins(examination.findings),
                "cards": msgspec.to_builtins(examination.cards),
            }
        )
    else:
        for finding in _together(examination.findings):
            words = f"{_WORDS[finding.level]:<6}{finding.subject}: {finding.message}"
            say_words(words, bold=finding.level == "problem")
            if finding.fix:
                say_words(f"      {finding.fix}", dim=True)
        problems = sum(finding.level == "problem" for finding in _together(examination.findings))
        talk("Nothing is wrong." if examination.is_well else f"{problems} thing{'s' * (problems > 1)} to put right.")
    return 0 if examination.is_well else 1


def _show_hardware() -> int:
    """Without names, serial numbers and folders of the person; ``--hardware`` of the setup commands reads it."""
    import getpass
    import platform

    from model_router.setup.hardware import LiveProbe, hardware_report
    from model_router.setup.hardware.report import Person
    from model_router.setup.stores import usual_places
    from model_router.setup.survey import model_folders

    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a number without a name, as in some containers
        user = ""
    probe = LiveProbe()
    person = Person(user, platform.node(), str(home_folder(os.environ)))
    folders = model_folders(usual_places(os.environ, probe.facts().system))
    say_json(hardware_report(probe, person, folders))
    talk("Names and folders of yours have been taken out. Please look through it before you publish it.")
    return 0


def _together(findings: Sequence[Finding]) -> list[Finding]:
    """What is the same for several backends, as for all of one server, is said once."""
    same: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        same.setdefault((finding.code, finding.level, finding.message, finding.fix), []).append(finding)
    return [replace(found[0], subject=", ".join(one.subject for one in found)) for found in same.values()]
