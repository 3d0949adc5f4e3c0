"""Who may talk to the gateway: keys, and the checks that keep web pages out."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import urlsplit

from model_router.config.proxy import ListenConfig
from model_router.errors import ServerError
from model_router.server.refusal import Refusal

_LONGEST_HOST = 300
"""No name is longer; nobody else's are remembered."""


_PAGES = frozenset({"http", "https", "ftp", ""})
"""Schemes of what a browser may show a page from; ``null`` and what is no origin at all have none."""


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def resolve_keys(listen: ListenConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """The keys of clients by name, that of ``proxy.api_key`` under the empty one; none when none is asked for.

    Raises:
        ServerError: a named variable is not set, or the gateway would listen beyond this machine without a key.
    """
    found = {"": listen.api_key} if listen.api_key else {}
    variables = {"": listen.api_key_env} if listen.api_key is None else {}
    for name, one in listen.api_keys.items():
        if one.key:
            found[name] = one.key
        else:
            variables[name] = one.env
    for name, variable in variables.items():
        if variable is None:
            continue
        key = environ.get(variable)
        if not key:
            place = f"proxy.api_keys.{name}.env" if name else "proxy.api_key_env"
            raise ServerError(
                f"{place} names {variable}, which is not set.",
                f"Set {variable}, or remove {place} to run without that key.",
            )
        found[name] = key
    if not found and not is_loopback(listen.host):
        raise ServerError(
            f"Listening on {listen.host} would open the gateway to other machines without a key.",
            "Set proxy.api_key_env (or proxy.api_keys), or listen on 127.0.0.1.",
        )
    return found


@dataclass(frozen=True, slots=True)
class Guard:
    """Checks the headers of a request. ``host`` is the address that the gateway listens on; without ``keys``, which
    have names, none is asked for.
    """

    host: str
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    def check(self, headers: Mapping[str, str]) -> str:
        """Let a request pass or refuse it; gives the name of its key, empty without one.

        A page of a foreign site can reach loopback through a name of its own (DNS rebinding) or by a plain form post;
        the first shows in ``Host``, the second in ``Origin``. Whoever knows the key is no such page.

        Raises:
            Refusal: 403 for a foreign host or page, 401 for a wrong or missing key.
        """
        self.check_host(headers)
        if not self.keys:
            if "origin" in headers or "sec-fetch-site" in headers:
                self.check_page(headers)
            return ""
        name = self.key_name(headers)
        if name is None:
            raise _no_key(headers)
        return name

    def check_page(self, headers: Mapping[str, str]) -> None:
        """Refuse what a page of another site sends.

        Raises:
            Refusal: 403.
        """
        if _foreign_page(headers):
            message = "Web pages of other sites may not use this gateway; set proxy.api_key_env and send that key."
            raise Refusal(403, message, kind="permission_error", code="origin_not_allowed")

    def check_host(self, headers: Mapping[str, str]) -> None:
        """Refuse a request that was sent to another name than this machine's.

        Raises:
            Refusal: 403.
        """
        host = headers.get("host", "")
        if is_loopback(self.host) and (len(host) > _LONGEST_HOST or not _is_own_name(host, self.host)):
            message = "The Host header names another machine; use http://127.0.0.1 or http://localhost as address."
            raise Refusal(403, message, kind="permission_error", code="host_not_allowed")

    def key_name(self, headers: Mapping[str, str]) -> str | None:
        """The name of the key that a request carries, empty when none is asked for; None when it is wrong or missing.

        Every key is compared with every one given, in full, so that the time tells nothing.
        """
        if not self.keys:
            return ""
        found = None
        given = [key.encode("latin-1", "replace") for key in _given_keys(headers)]
        for name, key in self.keys.items():
            for one in given:
                if hmac.compare_digest(one, key.encode()):
                    found = name
        return found

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


def _no_key(headers: Mapping[str, str]) -> Refusal:
    given = "is wrong" if any(_given_keys(headers)) else "is missing"
    message = f"The API key {given}; send the gateway's key as 'Authorization: Bearer KEY' or 'x-api-key: KEY'."
    return Refusal(
        401, message, kind="authentication_error", code="invalid_api_key", headers={"www-authenticate": "Bearer"}
    )


def _foreign_page(headers: Mapping[str, str]) -> bool:
    """Desktop applications send origins of other schemes (``app://``, ``vscode-webview://``): they are no web pages."""
    origin = headers.get("origin", "")
    if not origin:
        return headers.get("sec-fetch-site", "").strip().lower() == "cross-site"
    try:
        parts = urlsplit(origin)
        return parts.scheme in _PAGES and not is_loopback(parts.hostname or "")
    except ValueError:
        return True
