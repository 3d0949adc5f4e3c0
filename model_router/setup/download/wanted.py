"""What a recommendation wants fetched: the seam between ``recommend``, which knows models, and plans of downloads."""

from __future__ import annotations

from dataclasses import dataclass

from model_router.setup.model_catalog import Work
from model_router.setup.recommend.recommendation import Choice


@dataclass(frozen=True, slots=True)
class Wanted:
    """Files of a repository, for a route. ``here`` is where the model lies on this machine already, or empty."""

    route: str
    repository: str
    names: tuple[str, ...] = ()
    quant: str | None = None
    revision: str | None = None
    projector: bool = False
    here: str = ""


def wanted_by(choice: Choice) -> Wanted | None:
    """What the pick of a route needs; nothing without a pick. For pictures the projector comes along."""
    pick = choice.pick
    if pick is None:
        return None
    model = pick.candidate.model
    file = model.files[pick.variant.step.quant]
    projector = choice.need.work is Work.VISION and model.projector is not None
    return Wanted(
        route=choice.need.work.value,
        repository=file.repository or model.repository,
        names=(file.file,),
        revision=model.revision if model.revision and not file.repository else None,
        projector=projector,
        here=pick.variant.here,
    )
