"""What tests of faults share."""

from __future__ import annotations

import pytest

from model_router.config.proxy import Transport


@pytest.fixture(params=list(Transport), ids=[transport.value for transport in Transport])
def transport(request: pytest.FixtureRequest) -> Transport:
    """Both clients to backends: what holds for one has to hold for the other."""
    chosen: Transport = request.param
    return chosen
