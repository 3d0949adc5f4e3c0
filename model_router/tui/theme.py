"""The application's own colours: blue for what is well and orange for what wants a look, never green against red."""

from __future__ import annotations

from collections.abc import Mapping

from textual.color import Color
from textual.theme import Theme

DARK = Theme(
    name="router-dark",
    primary="#7aa2f7",
    secondary="#5b7fc7",
    accent="#e0af68",
    warning="#f0a850",
    error="#ff7d5c",
    success="#6cb6ff",
    foreground="#d5dae6",
    background="#12151d",
    surface="#171b25",
    panel="#1f2533",
    dark=True,
    variables={
        "block-cursor-background": "#2d4263",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#232b3b",
        "footer-background": "#1f2533",
        "footer-key-foreground": "#7aa2f7",
    },
)

LIGHT = Theme(
    name="router-light",
    primary="#1f57b8",
    secondary="#4a76c9",
    accent="#9a5b00",
    warning="#a65300",
    error="#b93815",
    success="#0b63b5",
    foreground="#1d2330",
    background="#fafbfd",
    surface="#f1f3f8",
    panel="#e4e8f1",
    dark=False,
    variables={
        "block-cursor-background": "#c7d7f5",
        "block-cursor-foreground": "#10131a",
        "block-cursor-blurred-background": "#e0e6f2",
        "footer-background": "#e4e8f1",
        "footer-key-foreground": "#1f57b8",
    },
)

THEMES = (DARK, LIGHT)
DEFAULT_THEME = DARK.name
NO_COLOR_THEME = "ansi-dark"


def quiet_colours(theme: Theme, variables: Mapping[str, str]) -> dict[str, str]:
    """``quiet`` for what supports and ``rule`` for lines: the text's colour on its way to the background.

    Textual's own muted colours are shades of whatever lies below, which text made of spans does not know. Themes that
    use the terminal's sixteen colours get its grey.
    """
    if theme.ansi:
        return {"quiet": "ansi_bright_black", "rule": "ansi_bright_black"}
    text, ground = Color.parse(variables["foreground"]), Color.parse(variables["background"])
    return {"quiet": text.blend(ground, 0.38).hex, "rule": text.blend(ground, 0.72).hex}
