"""Who may control the gateway: a program of the same user that has read its token, and no page of a browser."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from model_router.server.guard import Guard, is_loopback
from model_router.server.refusal import Refusal

TOKEN_HEADER = "x-modelrouter-token"  # noqa: S105 - the name of a header
PREFIX = "/control"
_PASSED_ON = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})
"""What proxies say of those whose requests they pass on."""


def is_control(path: str) -> bool:
    """Whether a path belongs to the control surface."""
    return path == PREFIX or path.startswith(PREFIX + "/")


def check_control(
    headers: Mapping[str, str], token: str, listen_host: str, peer: str | None, reached: str | None = None
) -> None:
    """Let a request pass or refuse it. ``peer`` is the address that it came from, ``reached`` the one it came to.

    Every browser of today says ``Origin`` or ``Sec-Fetch-Site`` with what a page sends; programs say neither. Only a
    name of this machine may stand in ``Host``, or a page of a foreign site could come by a name of its own (DNS
    rebinding). What a proxy passes on comes from wherever the proxy is reached from. The API key is for clients, and
    opens nothing here.

    Raises:
        Refusal: 403 for a page, a foreign host or another machine, 401 without the token.
    """
    if "origin" in headers or "sec-fetch-site" in headers:
        raise _refused("Pages of a browser cannot control the gateway.", "origin_not_allowed")
    if not headers.get("host") or not Guard(listen_host).is_own_name(headers["host"]):
        raise _refused("The Host header names another machine.", "host_not_allowed")
    own = peer is None or is_loopback(peer) or peer == reached
    if not own or not _PASSED_ON.isdisjoint(headers):
        raise _refused("The gateway is controlled from its own machine only.", "peer_not_allowed")
    given = headers.get(TOKEN_HEADER, "").encode("latin-1", "replace")
    if not hmac.compare_digest(given, token.encode()):
        message = f"The control surface needs the token of this run as {TOKEN_HEADER}; the API key does not open it."
        raise Refusal(401, message, kind="authentication_error", code="invalid_token")


def _refused(message: str, code: str) -> Refusal:
    return Refusal(403, message, kind="permission_error", code=code)
