"""What Config shows: one of two files as settings or as text, and beside it changes, preview or backups."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.geometry import Region

from model_router.config.files import catalog_path
from model_router.config.proxy import ProxyConfig
from model_router.config.settings import Setting
from model_router.engine.catalog import Catalog
from model_router.hindsight.draft_preview import DraftPreview
from model_router.server.catalog_place import catalog_place
from model_router.tui.config_area import ConfigArea, ConfigFoot, ConfigPart, ConfigStatus, ValueField
from model_router.tui.config_draft import Checked, Draft
from model_router.tui.config_lines import (
    about_setting,
    backup_lines,
    change_lines,
    mistake_lines,
    preview_lines,
    setting_at,
    setting_facts,
    setting_lines,
    status_lines,
)
from model_router.tui.lines import CursorScroll, Lines, paragraph, spaced
from model_router.tui.screens.base import MainScreen
from model_router.tui.session import Session
from model_router.tui.text import clean

_SIDE_BY_SIDE = 120
VIEWS = ("form", "text", "changes", "preview", "backups")
BESIDE = frozenset({"changes", "preview", "backups"})
"""Views that stand beside the settings or the text where there is room for both."""


class ConfigViews(MainScreen):
    """The views, the cursor in each, and which of them stand side by side. What is done to a draft is not its job."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.view = "form"
        self.left = "form"
        self.right = "changes"
        self.checked: Checked | None = None
        self._drafts: list[Draft] = []
        self._at = 0
        self._rows: tuple[Setting, ...] = ()
        self._cursor = [0, 0]
        self._backups: list[Path] = []
        self._backup = 0
        self._found: DraftPreview | None = None
        self._previewing = False
        self._preview_problem = ""
        self._mistake = -1
        self._loaded_for: tuple[object, ...] = ()
        self._drafts = self._places()

    @property
    def draft(self) -> Draft:
        """The file that is looked at."""
        return self._drafts[self._at]

    @property
    def locked(self) -> str:
        """Why nothing is written from here; empty when it may be."""
        if self.session.is_demo:
            return "the demo writes no file"
        if not self.session.edits_files:
            return "an attached screen edits no files"
        return "opened with --read-only" if self.session.read_only else ""

    @property
    def frozen(self) -> str:
        """Why not even the draft is edited; in the demo it may be, to be previewed."""
        return "" if self.session.is_demo else self.locked

    @property
    def chosen_setting(self) -> Setting | None:
        """The setting under the cursor."""
        cursor = self._cursor[self._at]
        return self._rows[cursor] if 0 <= cursor < len(self._rows) else None

    @property
    def has_edits(self) -> bool:
        """Whether something would be lost with this screen."""
        return any(draft.changed for draft in self._drafts)

    def _places(self) -> list[Draft]:
        session, gateway = self.session, self.session.gateway
        config = gateway.config if gateway is not None else None
        proxy = session.config_path
        if config is not None and config.source:
            proxy = Path(config.source)
        catalog = catalog_place(config, session.environ, even_if_missing=True) if config is not None else None
        return [Draft(proxy, ProxyConfig), Draft(catalog or catalog_path(session.environ), Catalog)]

    def body(self) -> ComposeResult:
        """Status, the views, the mistakes, the field for a value."""
        yield ConfigStatus(self._status)
        with Horizontal(id="views"):
            for name in VIEWS:
                if name == "text":
                    yield ConfigArea(show_line_numbers=True, soft_wrap=False)
                else:
                    with CursorScroll(id=f"{name}-scroll", classes="-beside" if name in BESIDE else ""):
                        yield ConfigPart(partial(self._shown, name))
        yield ConfigFoot(self._foot)
        yield ValueField(compact=True)

    def _status(self, width: int) -> list[Content]:
        return status_lines(self.draft, self.checked, self.view, self.locked, width)

    def _shown(self, name: str, width: int) -> list[Content]:
        lines = self.view_lines(name, width)[0]
        one = self.chosen_setting
        if name == "changes" and one is not None and self.left == "form" and self._side_by_side:
            return spaced([setting_facts(one, width), lines])
        return lines

    @property
    def _side_by_side(self) -> bool:
        return self.size.width >= _SIDE_BY_SIDE

    def _foot(self, width: int) -> list[Content]:
        """The mistakes, and what the setting under the cursor is, as far as there is room."""
        if self.size.height < 10:
            return []
        lines = mistake_lines(self.checked, width, 5 if self.size.height > 16 else 2)
        one = self.chosen_setting
        told_beside = self._side_by_side and self.right == "changes"
        if self.view != "form" or one is None or len(lines) > 2 or told_beside:
            return lines
        return lines + about_setting(one, width)

    def on_mount(self) -> None:
        """Begin with the settings; nothing blinks."""
        self.query_one(ValueField).cursor_blink = False
        self.query_one(ConfigArea).cursor_blink = False
        self.add_class("-view-form", "-left-form", "-right-changes")

    def on_resize(self) -> None:
        """The lines follow the width."""
        self._redraw()

    def _redraw(self) -> None:
        self.session.has_edits = self.has_edits
        for part in self.query(Lines):
            part.refresh(layout=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only lists have something to choose."""
        return self.view in {"form", "backups"} if action == "choose" else True

    def view_lines(self, name: str, width: int) -> tuple[list[Content], int]:
        """What stands in a view, and the line of its cursor, or -1."""
        draft = self.draft
        if draft.problem and name != "backups":
            return paragraph(draft.problem, width, "$quiet"), -1
        if name == "changes":
            return change_lines(draft, width), -1
        if name == "preview":
            return preview_lines(self._found, self._preview_problem, self._previewing, width), -1
        if name == "backups":
            return backup_lines(self._backups, self._backup, width)
        if not self._rows:
            words = "Settings can be listed once the text can be read; t opens it, n goes to the mistake."
            return (paragraph(words, width, "$quiet") if self.checked is not None else []), -1
        changed = frozenset(name for name, _, _ in draft.differences())
        return setting_lines(self._rows, self._cursor[self._at], changed, width)

    def action_show_view(self, name: str) -> None:
        """Show a view; the same key again goes back to the settings or the text."""
        if name == self.view and name in BESIDE:
            name = self.left
        if self.view == "backups" and name != "backups":
            self.right = "changes"
        self.view = name
        if name in BESIDE:
            self.right = name
        else:
            self.left = name
        for other in VIEWS:
            self.set_class(other == name, f"-view-{other}")
            self.set_class(other == self.left, f"-left-{other}")
            self.set_class(other == self.right, f"-right-{other}")
        self.remove_class("-value")
        self.query_one(ConfigArea if name == "text" else f"#{name}-scroll").focus()
        self.refresh_bindings()
        self._redraw()

    def action_move(self, step: int) -> None:
        """Move the cursor, or scroll."""
        scroll = self.query_one(f"#{self.view}-scroll", VerticalScroll) if self.view != "text" else None
        if scroll is None:
            return
        if self.view == "form":
            self._cursor[self._at] = min(max(0, self._cursor[self._at] + step), max(0, len(self._rows) - 1))
        elif self.view == "backups":
            self._backup = min(max(0, self._backup + step), max(0, len(self._backups) - 1))
        else:
            scroll.scroll_relative(y=step, animate=False)
            return
        self._redraw()
        line = self.view_lines(self.view, max(20, scroll.scrollable_content_region.width - 2))[1]
        if line >= 0:
            region = Region(0, max(0, line - 1), 1, 3)
            scroll.scroll_to_region(region, animate=False, force=True)

    @on(ConfigPart.Clicked)
    def _clicked(self, message: ConfigPart.Clicked) -> None:
        """Put the cursor where the mouse is; a second click changes what stands there."""
        at = message.part.parent
        name = (at.id or "").removesuffix("-scroll") if at is not None else ""
        setting, backup = setting_at(self._rows, message.line), message.line - 1
        if name == "form" and setting is not None:
            self._cursor[self._at] = setting
        elif name == "backups" and 0 <= backup < len(self._backups):
            self._backup = backup
        else:
            return
        if self.view != name:
            self.action_show_view(name)
        self._redraw()
        if message.times == 2:
            self.call_later(self.run_action, "choose")

    def go_back(self) -> bool:
        """Out of the field for a value, then back to the settings."""
        if self.view == "form" and not self.has_class("-value"):
            return False
        self.action_show_view(self.left if self.view in BESIDE else "form")
        return True

    def _say(self, words: str, *, wrong: bool = False) -> None:
        self.app.notify(clean(words, 600), severity="warning" if wrong else "information", markup=False)
