"""After a download: the model is offered to a backend, and the file is written only after one more yes."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import click

from model_router.cli.init import person_is_there
from model_router.cli.output import complain, talk
from model_router.config.files import proxy_path
from model_router.config.wording import nearest
from model_router.errors import ModelRouterError, UsageError

if TYPE_CHECKING:
    from model_router.setup.download.plan import DownloadPlan


def offer(plan: DownloadPlan, backend: str | None, *, managed: bool = False) -> None:
    """Say how the model is served; show the change of ``routing_proxy.yaml`` and ask for it.

    ``managed``: the gateway is to start a server for it. Where it does so already, that one gets the new file.
    """
    from model_router.setup.download.offer import server_hint

    if not managed:
        talk(server_hint(plan))
    path = proxy_path(os.environ)
    if not path.exists():
        return
    try:
        _offer_change(plan, backend, path, managed=managed)
    except ModelRouterError as error:
        # The download itself is fine; what its model is used for can be settled later.
        complain(error.message, error.hint, label="note")


def check_backend(name: str) -> None:
    """A backend that is not there is said before anything is fetched for it; a file with mistakes tells afterwards.

    Raises:
        UsageError: there is no such backend.
    """
    from model_router.config.proxy_file import load_proxy

    path = proxy_path(os.environ)
    if not path.exists():
        hint = "Leave --backend out, or write a file with `model-router init --preset llamacpp`."
        raise UsageError(f"there is no {path} that could have a backend {name!r}", hint)
    try:
        backends = load_proxy(path, os.environ).backends
    except ModelRouterError:
        return
    if name not in backends:
        near = nearest(name, backends)
        guess = f"did you mean {near!r}? " if near else ""
        raise UsageError(f"{path} has no backend {name!r}", f"{guess}known: {' '.join(backends)}")


def _offer_change(plan: DownloadPlan, backend: str | None, path: Path, *, managed: bool) -> None:
    from model_router.config.proxy_file import load_proxy
    from model_router.setup.download.managed import has_own_server, propose_runtime
    from model_router.setup.download.offer import backend_of_route, propose_model, served_name, write_change

    config = load_proxy(path, os.environ)
    name = backend or (backend_of_route(config, plan.route) if plan.route else "")
    if not name:
        return
    if managed or has_own_server(config, name):
        change = propose_runtime(path, name, plan, os.environ)
    else:
        change = propose_model(path, name, served_name(plan), os.environ)
    diff = change.diff()
    if not diff:
        talk(f"It is the model of backend {name} already.")
        return
    for line in diff.split("\n"):
        talk(line)
    if managed and which("llama-server") is None:
        talk("note: there is no llama-server on the PATH yet; the gateway needs one to start")
    if not person_is_there():
        talk(f"{path} was left alone; change it so to use the model, or run this where you can answer.")
        return
    if click.confirm(f"Make it the model of backend {name}?", default=False, err=True):
        copy = write_change(change, datetime.now().astimezone())
        talk(f"wrote {path}, kept {copy}")
