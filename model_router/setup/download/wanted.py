"""What a recommendation wants fetched: the seam between ``recommend``, which knows models, and plans of downloads."""

from __future__ import annotations

from dataclasses import dataclass

from model_router.setup.model_catalog import Work
from model_router.setup.recommend.options import LocalModel
from model_router.setup.recommend.recommendation import Choice
from model_router.setup.stores import FoundModels


@dataclass(frozen=True, slots=True)
class Wanted:
    """Files of a repository, for a route. ``here`` is where the model lies on this machine already, or empty.

    ``sha256`` is what the catalog knows of the files; empty where it knows nothing.
    """

    route: str
    repository: str
    names: tuple[str, ...] = ()
    quant: str | None = None
    revision: str | None = None
    projector: bool = False
    here: str = ""
    sha256: tuple[str, ...] = ()


def models_here(found: FoundModels) -> tuple[LocalModel, ...]:
    """What a search found on this machine, as a recommendation takes it."""
    return tuple(
        LocalModel(model.name, model.header.size, model.header, str(model.path), model.aliases)
        for model in found.models
        if model.header.kind == "model"
    )


def wanted_by(choice: Choice) -> Wanted | None:
    """What the pick of a route needs; nothing without a pick. For pictures the projector comes along."""
    pick = choice.pick
    if pick is None:
        return None
    model, route = pick.candidate.model, choice.need.work.value
    if pick.variant.here:
        return Wanted(route, model.repository, here=pick.variant.here)
    file = model.files[pick.variant.step.quant]
    projector = choice.need.work is Work.VISION and model.projector is not None
    return Wanted(
        route=route,
        repository=file.repository or model.repository,
        names=(file.file,),
        revision=model.revision if model.revision and not file.repository else None,
        projector=projector,
        sha256=file.sha256,
    )
