"""Choose a preset, and write the first configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from model_router.errors import ModelRouterError
from model_router.setup.presets import preset_names, write_preset
from model_router.tui.fields import Choices
from model_router.tui.keys import MOVES
from model_router.tui.lines import Lines, paragraph, spaced, title
from model_router.tui.screens.base import ScreenAbove
from model_router.tui.session import Session
from model_router.tui.text import clean

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "hosted-openai-compatible": "a provider on the internet, with a key",
        "llamacpp": "llama.cpp's llama-server",
        "lmstudio": "LM Studio",
        "localai": "LocalAI",
        "mlx-lm": "MLX on Apple silicon",
        "ollama": "Ollama",
    }
)


class PresetLines(Lines):
    """What will be written, and where; after a failure, why it was not."""

    DEFAULT_CSS = "PresetLines { padding: 0 1 1 1; }"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.error: ModelRouterError | None = None

    def lines(self, width: int) -> list[Content]:
        """A title and a sentence."""
        folder = self._session.config_path.parent
        text = (
            f"Two files will be written into {folder}: routing_proxy.yaml, which names the servers and their models, "
            "and model_router.yaml, the catalog of engines. Nothing that exists is replaced."
        )
        sections = [[title("Which model server do you have?", width)], paragraph(text, width, "$quiet")]
        if self.error is not None:
            sections.append(
                [
                    *paragraph(self.error.message, width, "$text-error", first="✗ ", indent="  "),
                    *(paragraph(self.error.hint, width, first="→ ", indent="  ") if self.error.hint else []),
                ]
            )
        return spaced(sections)


class PresetScreen(ScreenAbove[str]):
    """Ends with the name of the preset that was written."""

    BINDING_GROUP_TITLE = "Presets"
    AUTO_FOCUS = "OptionList"
    CSS = """
    PresetScreen Vertical { padding: 1; background: $surface; height: 1fr; }
    PresetScreen OptionList { border: none; background: $surface; height: 1fr; }
    PresetScreen.-widest Vertical { margin: 2 14 3 14; height: 1fr; }
    PresetScreen.-low Vertical { padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Back"), *MOVES]

    def body(self) -> ComposeResult:
        """The sentence and the presets."""
        with Vertical():
            yield PresetLines(self.session)
            yield Choices(*(_option(name) for name in preset_names()), markup=False)

    @on(OptionList.OptionSelected)
    async def _chosen(self, event: OptionList.OptionSelected) -> None:
        name = event.option.id or ""
        session = self.session
        # The folder is where the proxy file would be, so that what is written is what is read.
        try:
            written = await asyncio.to_thread(write_preset, name, session.config_path.parent, environ=session.environ)
        except ModelRouterError as error:
            lines = self.query_one(PresetLines)
            lines.error = error
            lines.refresh(layout=True)
            return
        self.app.notify(clean(f"Written: {written.proxy} and {written.catalog.name}"), markup=False)
        self.dismiss(name)


def _option(name: str) -> Option:
    return Option(Content.assemble((f"{name:<26}", "bold"), _WORDS.get(name, "")), id=name)
