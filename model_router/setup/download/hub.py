"""The hub's own client for what it is good at: metadata, tokens, addresses. Bytes are fetched by ``fetch``.

``huggingface_hub`` is imported on first use: it costs a good part of a second.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from model_router.config.wording import url_problem
from model_router.errors import UsageError
from model_router.setup.download import failure
from model_router.setup.download.failure import DownloadError
from model_router.version import __version__

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

_REPOSITORY = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_TRIES = 4
_LONGEST_WAIT = 30.0


class DigestKind(StrEnum):
    """LFS files have the SHA-256 of their bytes, others only git's SHA-1 over a header and their bytes."""

    SHA256 = "sha256"
    GIT_SHA1 = "git-sha1"


@dataclass(frozen=True, slots=True)
class Digest:
    """What the bytes of a file have to hash to; ``value`` in lower-case hex."""

    kind: DigestKind
    value: str


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a repository. ``name`` is its path there, checked to stay inside a folder."""

    name: str
    size: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class Repository:
    """A model repository at one commit. ``gated`` is empty, ``auto`` or ``manual``; ``licence`` may be empty."""

    name: str
    commit: str
    files: tuple[HubFile, ...]
    licence: str = ""
    gated: str = ""
    private: bool = False


class Hub:
    """One hub. ``HF_ENDPOINT`` names another than the usual one; tokens come from the client's own sources."""

    def __init__(self, environ: Mapping[str, str], *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._endpoint = environ.get("HF_ENDPOINT", "").rstrip("/") or None
        if self._endpoint is not None and any(url_problem(self._endpoint)):
            raise UsageError(
                "HF_ENDPOINT is not the address of a hub", "Write it like https://hub.example, or unset it."
            )
        self._sleep = sleep

    @property
    def endpoint(self) -> str:
        """Scheme and host, without a slash at the end."""
        if self._endpoint is None:
            from huggingface_hub import constants

            self._endpoint = constants.ENDPOINT
        return self._endpoint

    @property
    def host(self) -> str:
        """For messages."""
        return urlsplit(self.endpoint).netloc or self.endpoint

    def token(self) -> str | None:
        """The person's token, if there is one: ``HF_TOKEN``, or what `hf auth login` has left."""
        from huggingface_hub import get_token

        return get_token()

    def page(self, repository: str) -> str:
        """Where a person reads about a repository."""
        return f"{self.endpoint}/{repository}"

    def file_url(self, repository: str, name: str, commit: str) -> str:
        """The address that answers with the file or with a way to it."""
        from huggingface_hub import hf_hub_url

        return hf_hub_url(repository, name, revision=commit, endpoint=self.endpoint)

    def check_allowed(self) -> None:
        """Raise ``DownloadError`` when the person wants no request to leave."""
        from huggingface_hub import constants

        if constants.HF_HUB_OFFLINE:
            raise failure.offline()

    def describe(self, repository: str, revision: str | None = None) -> Repository:
        """What a repository holds, by one request.

        Raises:
            UsageError: the name is none.
            DownloadError: it cannot be read; says why.
        """
        if not _REPOSITORY.fullmatch(repository):
            raise UsageError(f"{repository!r} names no repository", "Write it as OWNER/NAME, as the hub does.")
        self.check_allowed()
        info = self._ask(repository, revision)
        if not _COMMIT.fullmatch(info.sha or ""):
            raise failure.hub_trouble(self.host, 200, f"{repository} without a commit")
        return Repository(
            name=repository,
            commit=info.sha or "",
            files=tuple(_files(info)),
            licence=_licence(info),
            gated=str(info.gated) if info.gated else "",
            private=bool(info.private),
        )

    def _ask(self, repository: str, revision: str | None) -> ModelInfo:
        """The request, again after 429 and trouble of the hub; its client does not retry here."""
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError

        # Errors of the network are httpx's or httpx2's, whichever the client has; this is their common ancestor.
        http_error: Any = HfHubHTTPError.__bases__[0]
        api = HfApi(endpoint=self.endpoint, library_name="model-router", library_version=__version__)
        token = self.token()
        for attempt in range(1, _TRIES + 1):
            try:
                return api.model_info(
                    repository, revision=revision, files_metadata=True, token=token or False, timeout=15
                )
            except HfHubHTTPError as error:
                problem = self._explain(error, repository, revision, has_token=bool(token))
                wait = retry_after(error.response.headers)
                again = problem.reason in {failure.Reason.TOO_MANY_REQUESTS, failure.Reason.HUB_TROUBLE}
            except http_error as error:
                problem = failure.no_network(self.host, _short(error))
                wait, again = None, True
            except OSError as error:  # a certificate file that is none, for one
                raise failure.cannot_start(_short(error)) from None
            except HFValidationError as error:
                raise UsageError(f"{repository!r} names no repository", _short(error)) from None
            except (ValueError, TypeError, KeyError, AttributeError):
                raise failure.nonsense(self.host) from None
            wait = 0.2 * 2**attempt if wait is None else wait
            if not again or attempt == _TRIES or wait > _LONGEST_WAIT:
                raise problem from None
            self._sleep(wait)
        raise AssertionError("the loop returns or raises")

    def _explain(self, error: Any, repository: str, revision: str | None, *, has_token: bool) -> DownloadError:
        return self.explain_status(
            error.response.status_code, error.response.headers, repository, revision or "main", "", has_token=has_token
        )

    def explain_status(
        self,
        status: int,
        headers: Mapping[str, str],
        repository: str,
        revision: str,
        name: str,
        *,
        has_token: bool,
    ) -> DownloadError:
        """What an unhappy answer of the hub means. ``name`` is the file asked for, if it was one."""
        code = headers.get("X-Error-Code", "")
        problem = failure.hub_trouble(self.host, status, f"{repository}/{name}" if name else repository)
        if code == "GatedRepo":
            problem = failure.refused(repository, has_token=has_token, page=self.page(repository))
        elif code == "RevisionNotFound":
            problem = failure.revision_gone(repository, revision)
        elif code == "EntryNotFound":
            problem = failure.file_gone(repository, name)
        elif status == 401 and "credentials" in headers.get("X-Error-Message", "").lower():
            problem = failure.bad_token()
        elif code == "RepoNotFound" or status in {401, 404}:
            problem = failure.not_found(repository, has_token=has_token)
        elif status == 403:
            problem = failure.refused(repository, has_token=has_token, page=self.page(repository))
        elif status == 429:
            problem = failure.too_many_requests(retry_after(headers))
        return problem


def retry_after(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """Seconds that a server asks to wait for, from ``Retry-After`` as a number or as a date."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.isdigit():
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now())
    except ValueError:
        return None


def _files(info: ModelInfo) -> list[HubFile]:
    """Files with a size and a digest. A name that would leave its folder makes the whole answer unusable."""
    files = []
    for sibling in info.siblings or ():
        name = sibling.rfilename
        if not is_safe(name):
            raise DownloadError(
                failure.Reason.HUB_TROUBLE,
                f"{info.id} holds a file with an unusable name: {name[:80]!r}",
                "Nothing was fetched. Choose another repository.",
            )
        if sibling.lfs is not None:
            files.append(HubFile(name, sibling.lfs.size, Digest(DigestKind.SHA256, sibling.lfs.sha256.lower())))
        elif sibling.size is not None and sibling.blob_id:
            files.append(HubFile(name, sibling.size, Digest(DigestKind.GIT_SHA1, sibling.blob_id.lower())))
    return files


def is_safe(name: str) -> bool:
    """Whether a path from outside stays inside the folder that it is put into, on every system."""
    parts = name.split("/")
    return (
        0 < len(name) <= 400
        and name.isprintable()
        and not set(name) & set('\\:*?"<>|')
        and all(part not in {"", ".", ".."} and not part.endswith((".", " ")) for part in parts)
    )


def _licence(info: ModelInfo) -> str:
    card = info.card_data
    told = card.get("license") if card is not None else None
    if isinstance(told, list):
        told = ", ".join(str(item) for item in told)
    name = card.get("license_name") if card is not None else None
    if told and str(told) != "other":
        return str(told)
    if name:
        return str(name)
    tags = [tag.removeprefix("license:") for tag in info.tags or () if tag.startswith("license:")]
    return str(told or (tags[0] if tags else ""))


def _short(error: BaseException) -> str:
    text = str(error).strip().split("\n")[0]
    return text[:120] or type(error).__name__
