"""Why a download did not work out, in one sentence with one hint."""

from __future__ import annotations

from enum import StrEnum

from model_router.errors import SetupError


class Reason(StrEnum):
    """Stable names of what can go wrong; the words beside them may change."""

    TOKEN_NEEDED = "token_needed"  # noqa: S105 - the name of a reason
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    REVISION_GONE = "revision_gone"
    FILE_GONE = "file_gone"
    NO_SUCH_FILES = "no_such_files"
    CHANGED = "changed"
    CORRUPT = "corrupt"
    DISK_FULL = "disk_full"
    NO_NETWORK = "no_network"
    OFFLINE = "offline"
    TOO_MANY_REQUESTS = "too_many_requests"
    HUB_TROUBLE = "hub_trouble"
    CANNOT_WRITE = "cannot_write"
    BUSY = "busy"
    UNEXPECTED = "unexpected"


class DownloadError(SetupError):
    """A download that cannot be planned or did not finish. ``reason`` says which kind."""

    def __init__(self, reason: Reason, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.reason = reason


def refused(repository: str, *, has_token: bool, page: str) -> DownloadError:
    """A gated repository: without a token, or with one that is not on its list."""
    if has_token:
        return DownloadError(
            Reason.REFUSED,
            f"{repository} is gated, and your token has no access to it",
            f"Accept its conditions on {page}, or use the token of an account that has.",
        )
    return DownloadError(
        Reason.TOKEN_NEEDED,
        f"{repository} is gated, and no token was found",
        f"Accept its conditions on {page}, then log in with `hf auth login` or set HF_TOKEN.",
    )


def not_found(repository: str, *, has_token: bool) -> DownloadError:
    """Absent, or private: a hub answers the same for both."""
    if has_token:
        return DownloadError(
            Reason.NOT_FOUND,
            f"{repository} does not exist, or is private and not open to your token",
            "Check the spelling (OWNER/NAME), or use the token of an account that may read it.",
        )
    return DownloadError(
        Reason.NOT_FOUND,
        f"{repository} does not exist, or is private and needs a token",
        "Check the spelling (OWNER/NAME); for a private one log in with `hf auth login` or set HF_TOKEN.",
    )


def bad_token() -> DownloadError:
    """A token that the hub does not know."""
    return DownloadError(
        Reason.TOKEN_NEEDED,
        "the hub does not accept your token",
        "Log in again with `hf auth login`, or correct or unset HF_TOKEN.",
    )


def revision_gone(repository: str, revision: str) -> DownloadError:
    """No such branch, tag or commit."""
    return DownloadError(
        Reason.REVISION_GONE,
        f"{repository} has no revision {revision}",
        "Leave --revision out for the newest, or plan the download again.",
    )


def file_gone(repository: str, name: str) -> DownloadError:
    """A planned file that the hub no longer has at the planned revision."""
    return DownloadError(
        Reason.FILE_GONE, f"{name} is no longer in {repository}", "Plan the download again to see what there is now."
    )


def changed(repository: str, name: str) -> DownloadError:
    """What the hub offers is not what was approved."""
    return DownloadError(
        Reason.CHANGED,
        f"{name} in {repository} is not the file that was planned: it has changed meanwhile",
        "Plan the download again and look at what it shows now.",
    )


def corrupt(name: str, kind: str, found: str, planned: str) -> DownloadError:
    """The bytes came, and are not the right ones."""
    return DownloadError(
        Reason.CORRUPT,
        f"{name} arrived damaged and was thrown away: its {kind} is {found[:12]}…, planned was {planned[:12]}…",
        "Try again; if it happens twice, what the hub stores or something on the way is damaged.",
    )


def disk_full(folder: str, needed: str) -> DownloadError:
    """No room left while writing."""
    return DownloadError(
        Reason.DISK_FULL,
        f"the disk of {folder} is full, {needed} are still missing",
        "Make room and resume: what has arrived is kept.",
    )


def no_network(host: str, detail: str) -> DownloadError:
    """The hub cannot be reached at all."""
    return DownloadError(
        Reason.NO_NETWORK,
        f"{host} cannot be reached ({detail})",
        "Check the network, a proxy, and HF_ENDPOINT; what has arrived is kept.",
    )


def broken_off(host: str, detail: str) -> DownloadError:
    """It was there, and then the connection broke, or stood still, too often."""
    return DownloadError(
        Reason.NO_NETWORK,
        f"the connection to {host} broke off ({detail})",
        "Check the network and a proxy, and try again; what has arrived is kept.",
    )


def offline() -> DownloadError:
    """The person has told the hub's client to stay offline."""
    return DownloadError(
        Reason.OFFLINE, "HF_HUB_OFFLINE forbids asking the hub", "Unset HF_HUB_OFFLINE to plan or fetch downloads."
    )


def too_many_requests(wait: float | None) -> DownloadError:
    """The hub limits how often it may be asked."""
    when = f"in {wait:.0f} s" if wait else "in a few minutes"
    return DownloadError(
        Reason.TOO_MANY_REQUESTS,
        "the hub takes no more requests from here for now",
        f"Try again {when}; a token raises the limit. What has arrived is kept.",
    )


def hub_trouble(host: str, status: int, url_path: str) -> DownloadError:
    """An answer that nothing else describes."""
    return DownloadError(
        Reason.HUB_TROUBLE,
        f"{host} answered {status} for {url_path}",
        "Try again later; what has arrived is kept.",
    )


def nonsense(host: str) -> DownloadError:
    """An answer with a good status that is not what a hub answers."""
    return DownloadError(
        Reason.HUB_TROUBLE,
        f"{host} did not answer as a hub does",
        "Check HF_ENDPOINT, and whether a proxy or a login page of this network answers in its place.",
    )


def cannot_write(path: str, reason: str) -> DownloadError:
    """The file system refuses."""
    return DownloadError(Reason.CANNOT_WRITE, f"{path} cannot be written ({reason})", "Choose another --local-root.")


def cannot_start(detail: str) -> DownloadError:
    """The HTTP client cannot even be made."""
    return DownloadError(
        Reason.NO_NETWORK,
        f"downloads cannot start ({detail or 'the network client cannot be made'})",
        "Look at the variables for proxies and certificates: HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE.",
    )


def busy(name: str) -> DownloadError:
    """Another process is at it."""
    return DownloadError(
        Reason.BUSY, f"{name} is being downloaded by another process", "Wait for it, or stop it there first."
    )


def unexpected(name: str, error: BaseException) -> DownloadError:
    """A mistake of this program."""
    return DownloadError(
        Reason.UNEXPECTED, f"{name} stopped unexpectedly ({type(error).__name__})", "Please report this; retry goes on."
    )
