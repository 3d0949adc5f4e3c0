"""Who may talk to the gateway: keys, and the checks that keep web pages out."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from model_router.config.proxy import ListenConfig
from model_router.errors import ServerError
from model_router.server.refusal import Refusal

_LONGEST_HOST = 300
"""No name is longer; nobody else's are remembered."""


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def resolve_key(listen: ListenConfig, environ: Mapping[str, str]) -> str | None:
    """The key that clients must send, or None when none is asked for.

    Raises:
        ServerError: the named variable is not set, or the gateway would listen beyond this machine without a key.
    """
    key = listen.api_key
    if key is None and listen.api_key_env is not None:
        key = environ.get(listen.api_key_env)
        if not key:
            raise ServerError(
                f"proxy.api_key_env names {listen.api_key_env}, which is not set.",
                f"Set {listen.api_key_env}, or remove proxy.api_key_env to run without a key on this machine only.",
            )
    if not key and not is_loopback(listen.host):
        raise ServerError(
            f"Listening on {listen.host} would open the gateway to other machines without a key.",
            "Set proxy.api_key_env (or proxy.api_key), or listen on 127.0.0.1.",
        )
    return key or None


@dataclass(frozen=True, slots=True)
class Guard:
    """Checks the headers of a request. ``host`` is the address that the gateway listens on."""

    host: str
    key: str | None = field(repr=False)

    def check(self, headers: Mapping[str, str]) -> None:
        """Let a request pass or refuse it.

        A page of a foreign site can reach loopback through a name of its own (DNS rebinding) or by a plain form post;
        the first shows in ``Host``, the second in ``Origin``. Whoever knows the key is no such page.

        Raises:
            Refusal: 403 for a foreign host or page, 401 for a wrong or missing key.
        """
        self.check_host(headers)
        if self.key is not None:
            self._check_key(headers)
        elif _foreign_page(headers):
            message = "Web pages of other sites may not use this gateway; set proxy.api_key_env and send that key."
            raise Refusal(403, message, kind="permission_error", code="origin_not_allowed")

    def check_host(self, headers: Mapping[str, str]) -> None:
        """Refuse a request that was sent to another name than this machine's.

        Raises:
            Refusal: 403.
        """
        host = headers.get("host", "")
        if is_loopback(self.host) and (len(host) > _LONGEST_HOST or not self.is_own_name(host)):
            message = "The Host header names another machine; use http://127.0.0.1 or http://localhost as address."
            raise Refusal(403, message, kind="permission_error", code="host_not_allowed")

    def knows_key(self, headers: Mapping[str, str]) -> bool:
        """Whether the request carries the right key, or none is asked for."""
        if self.key is None:
            return True
        expected = self.key.encode()
        return any(hmac.compare_digest(given.encode("latin-1", "replace"), expected) for given in _given_keys(headers))

    def _check_key(self, headers: Mapping[str, str]) -> None:
        if self.knows_key(headers):
            return
        given = "is wrong" if any(_given_keys(headers)) else "is missing"
        message = f"The API key {given}; send the gateway's key as 'Authorization: Bearer KEY' or 'x-api-key: KEY'."
        raise Refusal(
            401, message, kind="authentication_error", code="invalid_api_key", headers={"www-authenticate": "Bearer"}
        )

    def is_own_name(self, host: str) -> bool:
        """Whether a ``Host`` header names this machine; none at all does."""
        return _is_own_name(host, self.host)


@lru_cache(maxsize=256)
def _is_own_name(host: str, own: str) -> bool:
    if not host:
        return True
    if any(character in host for character in "@/\\?#"):
        return False
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name is not None and (is_loopback(name) or name == own.lower())


def _given_keys(headers: Mapping[str, str]) -> tuple[str, ...]:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return tuple(key for key in (bearer, headers.get("x-api-key", "").strip()) if key)


def _foreign_page(headers: Mapping[str, str]) -> bool:
    """Desktop applications send origins of other schemes (``app://``, ``vscode-webview://``): they are no web pages."""
    origin = headers.get("origin", "")
    if not origin:
        return headers.get("sec-fetch-site") == "cross-site"
    if origin == "null":
        return True
    try:
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and not is_loopback(parts.hostname or "")
    except ValueError:
        return True
