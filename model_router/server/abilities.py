"""What a model server can do, as far as it has been seen: its protocols, its context, its habits.

Learned from its own answers, never guessed from its address. What the configuration says counts more.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from model_router.config.proxy import WireProtocol

_GOES_ON_AFTER_LEAVING = ("llama.cpp",)
"""Servers, by their ``Server`` header, that go on computing a plain answer when its client has left (llama.cpp: ten
seconds and more, seen on b10434); a stream they stop at once."""


class Abilities:
    """One backend's. Changed by single assignments on the server's loop.

    ``speaks`` holds the protocols that were asked for; one that is missing was not asked yet. ``context`` is in
    tokens. ``takes_stream_options`` is false once the server has refused them. ``pictures`` is what the doctor saw.
    ``goes_on_after_leaving``: a plain request keeps the server busy after its client has left.
    """

    __slots__ = ("context", "goes_on_after_leaving", "pictures", "server", "speaks", "takes_stream_options")

    def __init__(self) -> None:
        self.server = ""
        self.goes_on_after_leaving = False
        self.context: int | None = None
        self.pictures: bool | None = None
        self.speaks: dict[WireProtocol, bool] = {}
        self.takes_stream_options = True

    def learn_server(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Note which program answers, when it says so."""
        if not self.server:
            for name, value in headers:
                if name == b"server":
                    self.server = value.decode("latin-1")
                    self.goes_on_after_leaving = self.server.lower().startswith(_GOES_ON_AFTER_LEAVING)
                    break

    def learn_models(self, data: bytes, model: str) -> None:
        """Take the context length out of a list of models: llama.cpp, vLLM, LM Studio and others tell it there."""
        try:
            listed = _LIST.decode(data).data
        except (msgspec.DecodeError, RecursionError):
            return
        known = [entry for entry in listed if entry.id == model] or (listed if len(listed) == 1 else [])
        for entry in known:
            lengths = (
                entry.meta.n_ctx if entry.meta is not None else None,
                entry.max_model_len,
                entry.loaded_context_length,
                entry.context_length,
            )
            self.context = next((length for length in lengths if length), self.context)


class _Meta(msgspec.Struct):
    n_ctx: int | None = None


class _Entry(msgspec.Struct):
    id: str = ""
    meta: _Meta | None = None
    max_model_len: int | None = None
    loaded_context_length: int | None = None
    context_length: int | None = None


class _List(msgspec.Struct):
    data: list[_Entry] = []


_LIST = msgspec.json.Decoder(_List)


def says_no(status: int, data: bytes) -> bool | None:
    """Whether the answer to an empty request means that the endpoint is not there; None when it says neither.

    Some servers answer an unknown path with 200 and an error text.
    """
    if status in (404, 405, 501):
        return True
    if status in (400, 422):
        return False
    if status == 200:
        return True
    if status == 500:  # llama.cpp's word for a body that it cannot use
        return b"not found" in data.lower() or b"unexpected endpoint" in data.lower()
    return None
