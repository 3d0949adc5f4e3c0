"""``model-router setup download``: a plan, an approval, a fetch."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from signal import SIG_IGN, SIGINT, signal
from typing import TYPE_CHECKING

import click

from model_router.cli.options import json_option
from model_router.cli.output import complain, say, say_json, talk
from model_router.config.files import user_folder
from model_router.errors import SetupError, UsageError

if TYPE_CHECKING:
    from model_router.setup.download.plan import DownloadPlan
    from model_router.setup.download.progress import DownloadSnapshot
    from model_router.setup.download.queue import DownloadQueue
    from model_router.setup.download.wanted import Wanted

_ADAPTERS = ("llamacpp", "lmstudio", "ollama", "mlx-lm", "localai")
_ROUTES = ("simple", "balanced", "reasoning", "coding", "research", "vision")
INTERRUPTED = 130


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--repo-id", "repositories", multiple=True, metavar="OWNER/NAME", help="The repository; may be repeated.")
@click.option(
    "--route",
    "routes",
    multiple=True,
    type=click.Choice(_ROUTES),
    help="The route that the model is for; without --repo-id the model recommended for it. May be repeated.",
)
@click.option("--quant", metavar="QUANT", help="The quantisation, like Q4_K_M; without it a usual one.")
@click.option("--file", "names", multiple=True, metavar="FILE", help="Exactly this file; may be repeated.")
@click.option("--revision", metavar="REV", help="A branch, tag or commit; without it the newest.")
@click.option("--projector", is_flag=True, help="Fetch the projector too, with which the model reads pictures.")
@click.option(
    "--adapter", type=click.Choice(_ADAPTERS), default="llamacpp", show_default=True, help="The server it is for."
)
@click.option(
    "--local-root",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder for models; without it the adapter's own, or ~/.model-router/models.",
)
@click.option("--execute", is_flag=True, help="Fetch; asks for each plan.")
@click.option("--yes", is_flag=True, help="Approve every plan that is shown.")
@click.option("--backend", metavar="NAME", help="Offer the finished model to this backend of routing_proxy.yaml.")
@click.option("--managed", is_flag=True, help="Have the gateway start and stop a llama-server with the model.")
@click.option("--limit-rate", metavar="RATE", help="At most so many bytes a second, like 5M.")
@json_option
def command(
    *,
    repositories: tuple[str, ...],
    routes: tuple[str, ...],
    quant: str | None,
    names: tuple[str, ...],
    revision: str | None,
    projector: bool,
    adapter: str,
    local_root: Path | None,
    execute: bool,
    yes: bool,
    backend: str | None,
    managed: bool,
    limit_rate: str | None,
    as_json: bool,
) -> int:
    """Show what a download would fetch; with --execute fetch it after you have approved it.

    Ctrl-C stops and keeps what has arrived: the same command goes on there. Gated and private repositories need a token
    (`hf auth login`, or HF_TOKEN). HF_ENDPOINT names another hub.
    """
    from model_router.cli.setup.offer import check_backend
    from model_router.setup.download.hub import Hub
    from model_router.setup.download.plan import Adapter, default_root, plan_download
    from model_router.setup.download.sizes import parse_rate
    from model_router.setup.download.store import DownloadStore
    from model_router.setup.download.wanted import Wanted

    rate = parse_rate(limit_rate) if limit_rate else None
    if managed and not (backend or routes):
        raise UsageError("nothing says whose server it is to be", "Name its --backend, or the --route it is for.")
    if backend is not None:
        check_backend(backend)
    if repositories:
        if len(routes) > 1:
            raise UsageError("a repository is for one route", "Give --route once, or leave --repo-id out.")
        route = routes[0] if routes else ""
        wanted = [Wanted(route, each, names, quant, revision, projector) for each in dict.fromkeys(repositories)]
    else:
        if names or revision:
            raise UsageError("files and revisions belong to a repository", "Name it with --repo-id OWNER/NAME.")
        wanted = _recommended(routes, projector=projector)
        if quant:
            wanted = [replace(each, names=(), quant=quant, sha256=()) for each in wanted]
    hub = Hub(os.environ)
    kind = Adapter(adapter)
    root = local_root.expanduser().absolute() if local_root else default_root(kind, os.environ)
    plans = [
        plan_download(
            hub,
            each.repository,
            root,
            quant=each.quant,
            names=each.names,
            revision=each.revision,
            projector=each.projector,
            adapter=kind,
            route=each.route,
            sha256=each.sha256,
        )
        for each in wanted
    ]
    store = DownloadStore(user_folder(os.environ))
    plans = [store.recognised(plan) for plan in plans]
    _check_targets(plans)
    if not execute or not plans:
        _show_plans(plans, as_json=as_json)
        return 0
    approved = _approved(plans, yes=yes, as_json=as_json)
    if not approved:
        talk("nothing was fetched")
        return 1
    from model_router.setup.download.queue import DownloadQueue

    queue = DownloadQueue(user_folder(os.environ), hub, rate=rate, go_on=False)
    snapshots = _fetch(queue, approved)
    if snapshots is None:
        return INTERRUPTED
    _show_results(snapshots, as_json=as_json)
    from model_router.cli.setup.offer import offer

    for snapshot in snapshots:
        if snapshot.state == "done":
            offer(snapshot.plan, backend, managed=managed)
    return 0 if all(snapshot.state == "done" for snapshot in snapshots) else 1


def _recommended(routes: tuple[str, ...], *, projector: bool) -> list[Wanted]:
    """What is recommended for these routes on this machine and not here yet."""
    if not routes:
        raise UsageError("nothing says what to download", "Name a --repo-id OWNER/NAME, or a --route to serve.")
    from model_router.cli.setup.machine import machine_for
    from model_router.setup.download.wanted import models_here, wanted_by
    from model_router.setup.hardware import LiveProbe
    from model_router.setup.model_catalog import Work
    from model_router.setup.model_catalog_file import load_models
    from model_router.setup.recommend.recommendation import recommend
    from model_router.setup.stores import find_models, usual_places

    works = [Work(route) for route in dict.fromkeys(routes)]
    machine = machine_for(None)
    here = models_here(find_models(usual_places(os.environ, LiveProbe().facts().system)))
    found = recommend(machine, load_models(os.environ), local=here, routes=works)
    wanted: dict[tuple[str, tuple[str, ...]], Wanted] = {}
    for choice in found.choices.values():
        pick = wanted_by(choice)
        if pick is None:
            raise SetupError(
                f"no model is recommended for {choice.need.work.value} on this machine: {choice.reasons[0]}",
                "Name one with --repo-id, or look at `model-router setup recommend`.",
            )
        if pick.here:
            talk(f"{pick.route}: the recommended model is here already, {pick.here}")
            continue
        if choice.near is not None:
            talk(f"{pick.route}: {choice.near.name} is here already and nearly as good, {choice.near.variant.here}")
        same = wanted.setdefault((pick.repository, pick.names), pick)
        wanted[pick.repository, pick.names] = replace(same, projector=projector or pick.projector or same.projector)
    return list(wanted.values())


def _check_targets(plans: list[DownloadPlan]) -> None:
    """Two owners may give a file the same name; one command cannot fetch both to one place."""
    owner: dict[str, str] = {}
    for plan in plans:
        for file in plan.files:
            other = owner.setdefault(file.target, plan.repository)
            if other != plan.repository:
                raise UsageError(
                    f"{other} and {plan.repository} would both be written to {file.target}",
                    "Fetch them one after the other, each to its --local-root.",
                )


def _show_plans(plans: list[DownloadPlan], *, as_json: bool) -> None:
    if as_json:
        say_json({"plans": [plan.to_json() for plan in plans]})
        return
    from model_router.cli.setup.plan_text import plan_lines

    for plan in plans:
        for line in plan_lines(plan):
            say(line)
    if any(plan.missing for plan in plans):
        talk("Nothing was fetched. Add --execute to fetch after a question for each.")
    else:
        talk("Nothing is missing." + (" Add --execute to verify what is here." if plans else ""))


def _approved(plans: list[DownloadPlan], *, yes: bool, as_json: bool) -> list[DownloadPlan]:
    """The plans that the person said yes to, one by one."""
    from model_router.cli.init import person_is_there
    from model_router.cli.setup.plan_text import plan_lines

    if not yes and not person_is_there():
        raise UsageError("nobody is there to approve the download", "Give --yes to approve what the plan shows.")
    approved = []
    for plan in plans:
        for line in () if as_json and yes else plan_lines(plan):
            talk(line)
        question = "Fetch this?" if plan.missing else "Nothing is missing. Verify what is here?"
        if yes or click.confirm(question, default=False, err=True):
            approved.append(plan)
    return approved


def _fetch(queue: DownloadQueue, plans: list[DownloadPlan]) -> list[DownloadSnapshot] | None:
    """Run the approved plans to their end; nothing when Ctrl-C came first."""
    from model_router.cli.setup.progress import ended, watch

    identities = [queue.add(plan).identity for plan in plans]
    queue.start()
    try:
        for identity in identities:
            queue.approve(identity)
        watch(queue, identities)
    except KeyboardInterrupt:
        signal(SIGINT, SIG_IGN)  # a second Ctrl-C must not come between; this takes milliseconds
        for identity in identities:
            if not ended(queue.snapshot(identity)):
                queue.pause(identity)
        queue.stop()
        talk("")
        talk("Stopped. What has arrived is kept; the same command goes on there.")
        return None
    finally:
        queue.stop()
    return [queue.snapshot(identity) for identity in identities]


def _show_results(snapshots: list[DownloadSnapshot], *, as_json: bool) -> None:
    if as_json:
        say_json({"downloads": [snapshot.to_json() for snapshot in snapshots]})
    for snapshot in snapshots:
        if snapshot.failure is not None:
            complain(snapshot.failure.message, snapshot.failure.hint)
        elif not as_json:
            for file in snapshot.plan.files:
                say(file.target)
