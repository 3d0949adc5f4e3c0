"""Config: both files as settings and as text, checked while one writes, shown in advance, applied, rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.widgets import Input, TextArea

from model_router.config.files import catalog_path
from model_router.config.proxy import ProxyConfig
from model_router.config.settings import Setting, set_value
from model_router.engine.catalog import Catalog
from model_router.errors import ConfigError, ModelRouterError
from model_router.hindsight.draft_preview import DraftPreview
from model_router.server.catalog_place import catalog_place
from model_router.tui.config_apply import apply_draft, preview_drafts
from model_router.tui.config_area import ConfigArea, ConfigFoot, ConfigPart, ConfigStatus, ValueField
from model_router.tui.config_draft import Checked, Draft
from model_router.tui.config_lines import (
    about_setting,
    backup_lines,
    change_lines,
    mistake_lines,
    preview_lines,
    setting_facts,
    setting_lines,
    status_lines,
)
from model_router.tui.lines import CursorScroll, Lines, paragraph, spaced
from model_router.tui.screens.base import MainScreen
from model_router.tui.screens.question import QuestionScreen
from model_router.tui.session import Phase, Session
from model_router.tui.tasks import begin
from model_router.tui.text import clean, error_words

_TYPING_SECONDS = 0.15
"""A pause this long in the writing, and the text is checked."""
_SIDE_BY_SIDE = 120
VIEWS = ("form", "text", "changes", "preview", "backups")
BESIDE = frozenset({"changes", "preview", "backups"})
"""Views that stand beside the settings or the text where there is room for both."""


class ConfigScreen(MainScreen):
    """The sixth screen."""

    mode = "config"
    AUTO_FOCUS = "#form-scroll"
    BINDING_GROUP_TITLE = "Config"
    CSS = """
    ConfigScreen #views { height: 1fr; }
    ConfigScreen VerticalScroll { height: 1fr; padding: 1 1 0 1; scrollbar-size-vertical: 1; display: none; }
    ConfigScreen.-low VerticalScroll, ConfigScreen.-flat VerticalScroll { padding: 0; }
    ConfigScreen.-middle VerticalScroll { padding: 0 1; }
    ConfigScreen ConfigArea { height: 1fr; border: none; padding: 0; display: none; background: $background; }
    ConfigScreen.-view-form #form-scroll, ConfigScreen.-view-text ConfigArea,
    ConfigScreen.-view-changes #changes-scroll, ConfigScreen.-view-preview #preview-scroll,
    ConfigScreen.-view-backups #backups-scroll { display: block; }
    ConfigScreen.-widest.-left-form #form-scroll, ConfigScreen.-widest.-left-text ConfigArea,
    ConfigScreen.-widest.-right-changes #changes-scroll, ConfigScreen.-widest.-right-preview #preview-scroll,
    ConfigScreen.-widest.-right-backups #backups-scroll { display: block; }
    ConfigScreen.-widest #form-scroll, ConfigScreen.-widest ConfigArea { width: 3fr; }
    ConfigScreen.-widest .-beside { width: 2fr; border-left: solid $rule; }
    ConfigScreen ValueField { height: 1; border: none; display: none; background: $panel; padding: 0 1; }
    ConfigScreen.-value ValueField { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Change", id="config.change", tooltip="Change the setting, or take the backup"),
        Binding("t", "text", "Text", id="config.text", tooltip="Write in the file's text"),
        Binding("v", "show_view('changes')", "Changes", id="config.changes", tooltip="Show what differs from the file"),
        Binding(
            "p", "preview", "Preview", id="config.preview", tooltip="Decide the newest requests again, by the draft"
        ),
        Binding("w", "apply", "Apply", id="config.apply", tooltip="Write the file, and have the gateway take it"),
        Binding("f", "other", "Other file", show=False, id="config.file", tooltip="Show the other of the two files"),
        Binding(
            "space", "next_value", "Next value", show=False, id="config.next", tooltip="Take the next word it allows"
        ),
        Binding("n", "next_mistake", "Mistake", show=False, id="config.mistake", tooltip="Go to the next mistake"),
        Binding("b", "backups", "Backups", show=False, id="config.backups", tooltip="Show earlier states of the file"),
        Binding("u", "undo", "Discard", show=False, id="config.discard", tooltip="Give the draft up, read the file"),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "move(-12)", "Page up", show=False),
        Binding("pagedown", "move(12)", "Page down", show=False),
        Binding("home", "move(-10000)", "First", show=False),
        Binding("end", "move(10000)", "Last", show=False),
    ]

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

    # What there is

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

    # Life

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

    def on_screen_resume(self) -> None:
        """The files may have changed meanwhile, or be others; an edit that was begun stays."""
        super().on_screen_resume()
        if not self.has_edits:
            self._drafts = self._places()
            begin(self, "load", self._load)

    def state_changed(self) -> None:
        """A first configuration may have been written, and the gateway may have another."""
        super().state_changed()
        gateway = self.session.gateway
        stands = (self.session.phase, gateway.arrangement.proxy_hash if gateway is not None else "")
        if stands != self._loaded_for and self.app.screen is self:
            self._loaded_for = stands
            if not self.has_edits:
                self._drafts = self._places()
                begin(self, "load", self._load)

    async def _load(self) -> None:
        for draft in self._drafts:
            await asyncio.to_thread(draft.load)
        if self.session.is_demo:
            self._drafts[0].problem = "The demo's configuration is made in code; f shows the catalog it uses."
        self._text_changed()

    def _text_changed(self) -> None:
        """The draft is another: the form, the text and the mistakes follow."""
        draft, area = self.draft, self.query_one(ConfigArea)
        if area.text != draft.text:
            with self.prevent(TextArea.Changed):
                area.load_text(draft.text)
        area.read_only = bool(draft.problem or self.frozen) or not draft.is_plain
        self._found, self._preview_problem = None, ""
        begin(self, "check", self._check)
        self._redraw()

    async def _check(self, pause: float = 0.0) -> None:
        await asyncio.sleep(pause)
        draft, rows = self.draft, tuple[Setting, ...]()
        checked = Checked((), ())
        if not draft.problem:
            checked = await asyncio.to_thread(draft.check, self.session.environ)
            with suppress(ConfigError):  # what is wrong with the text is among what was checked
                rows = await asyncio.to_thread(draft.settings, self.session.environ)
        self.checked, self._rows = checked, rows
        self._cursor[self._at] = min(self._cursor[self._at], max(0, len(self._rows) - 1))
        self._mistake = -1
        self._redraw()

    def on_resize(self) -> None:
        """The lines follow the width."""
        self._redraw()

    def _redraw(self) -> None:
        self.session.has_edits = self.has_edits
        for part in self.query(Lines):
            part.refresh(layout=True)

    # The views

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

    def action_text(self) -> None:
        """Write in the text, at the setting under the cursor."""
        one = self.chosen_setting
        if self.draft.problem:
            self._say(self.draft.problem)
            return
        area = self.query_one(ConfigArea)
        if self.view == "form" and one is not None and one.line:
            area.move_cursor((one.line - 1, 0), center=True)
        self.action_show_view("text")
        if self.frozen:
            self._say(f"The text is only shown: {self.frozen}.")
        elif area.read_only:
            self._say("This file ends its lines in more than one way, so its text is only shown here.")

    def action_other(self) -> None:
        """The other file."""
        self._at = 1 - self._at
        self.checked, self._rows = None, ()
        if self.view == "backups":
            self.action_backups()
        self._text_changed()

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

    def go_back(self) -> bool:
        """Out of the field for a value, then back to the settings."""
        if self.view == "form" and not self.has_class("-value"):
            return False
        self.action_show_view(self.left if self.view in BESIDE else "form")
        return True

    # Editing

    @on(TextArea.Changed)
    def _written(self) -> None:
        """The draft follows the text; it is checked when the writing pauses."""
        text = self.query_one(ConfigArea).text
        if text != self.draft.text and not self.query_one(ConfigArea).read_only:
            self.draft.text = text
            self._found, self._preview_problem = None, ""
            begin(self, "check", self._check, _TYPING_SECONDS)
            self.query_one(ConfigStatus).refresh()

    def action_choose(self) -> None:
        """Change the setting under the cursor; in the list of backups, make one the draft."""
        if self.view == "backups":
            if self._may_edit():
                begin(self, "backup", self._take_backup)
            return
        one = self.chosen_setting
        if self.view != "form" or one is None or not self._may_edit():
            return
        if one.secret:
            self._say("Keys belong in the environment: set api_key_env, or write the key in the text.")
            return
        field = self.query_one(ValueField)
        field.value = one.value if one.is_set else ""
        field.placeholder = f"{one.path[-1]}: {' '.join(one.allowed) or one.kind} · empty takes it out of the file"
        self.add_class("-value")
        field.focus()

    def action_next_value(self) -> None:
        """The next of the words that the setting allows."""
        one = self.chosen_setting
        if self.view == "form" and one is not None and one.allowed and self._may_edit():
            now = one.value if one.is_set else one.default
            at = one.allowed.index(now) if now in one.allowed else -1
            self._set(one, one.allowed[(at + 1) % len(one.allowed)])
        elif self.view == "form" and one is not None and not one.allowed:
            self.action_choose()

    def _may_edit(self) -> bool:
        """Whether the draft may be edited; told when it may not."""
        if self.frozen:
            self._say(f"Nothing is changed: {self.frozen}.", wrong=True)
        return not self.frozen

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        one = self.chosen_setting
        self.action_show_view("form")
        if one is not None:
            self._set(one, event.value)

    def _set(self, one: Setting, value: str) -> None:
        try:
            self.draft.text = set_value(self.draft.text, one, value)
        except ModelRouterError as error:
            self._say(error_words(error), wrong=True)
            return
        self._text_changed()

    def action_next_mistake(self) -> None:
        """Put the cursor of the text where the next mistake is."""
        found = [one for one in (*self.checked.problems, *self.checked.warnings) if one.line] if self.checked else []
        if not found:
            self._say("There is no mistake with a place in this file.")
            return
        self._mistake = (self._mistake + 1) % len(found)
        one = found[self._mistake]
        if self.view != "text":
            self.action_show_view("text")
        self.query_one(ConfigArea).move_cursor((one.line - 1, max(0, one.column - 1)), center=True)

    def action_undo(self) -> None:
        """Read the file again; an edit is given up after a yes."""
        if not self.draft.changed:
            begin(self, "load", self._reload_draft)
            return
        words = "What was changed here and not applied is lost. The file itself stays as it is."
        screen = QuestionScreen(self.session, "Give the draft up?", words)
        self.app.push_screen(screen, partial(self._after_yes, "load", self._reload_draft))

    async def _reload_draft(self) -> None:
        await asyncio.to_thread(self.draft.load)
        self._text_changed()
        self._say(f"The draft is what {self.draft.path.name} says.")

    # Preview

    def action_preview(self) -> None:
        """Decide the newest requests again, by the drafts of both files."""
        if self.view == "preview":
            self.action_show_view(self.left)
            return
        self.action_show_view("preview")
        if not self.draft.problem:
            self._previewing = True
            begin(self, "preview", self._preview)

    async def _preview(self) -> None:
        try:
            self._found, self._preview_problem = await asyncio.to_thread(preview_drafts, self.session, *self._drafts)
        finally:
            self._previewing = False
            self._redraw()

    # Applying

    def action_apply(self) -> None:
        """Write the file after a yes, and have the gateway take it."""
        draft = self.draft
        if self.locked:
            self._say(f"Nothing is written: {self.locked}.", wrong=True)
        elif draft.problem:
            self._say(draft.problem, wrong=True)
        elif not draft.changed:
            self._say("Nothing has changed, so there is nothing to apply.")
        else:
            begin(self, "apply", self._ask_to_apply)

    async def _ask_to_apply(self) -> None:
        """A draft with mistakes is not even asked about."""
        draft = self.draft
        checked = await asyncio.to_thread(draft.check, self.session.environ)
        if checked.problems:
            self.checked = checked
            self._redraw()
            count = len(checked.problems)
            self._say(
                f"Not applied: the draft has {count} mistake{'s' if count > 1 else ''}; n goes there.", wrong=True
            )
            return
        changes = draft.differences()
        names = ", ".join(name for name, _, _ in changes[:4]) + (", …" if len(changes) > 4 else "")
        what = f"Changes: {names}. " if names else ""
        kept = "What stands there now is kept beside it." if not draft.packaged else "It is your first of this kind."
        words = clean(f"{what}{draft.path} is written, and the gateway takes it at once. {kept}", 600)
        screen = QuestionScreen(self.session, f"Apply {draft.path.name}?", words, yes="apply", no="not now")
        self.app.push_screen(screen, partial(self._after_yes, "apply", self._apply))

    def _after_yes(self, group: str, work: Callable[[], Awaitable[None]], yes: bool | None) -> None:
        if yes:
            begin(self, group, work)

    async def _apply(self) -> None:
        draft = self.draft
        try:
            words = await asyncio.to_thread(apply_draft, self.session, draft, datetime.now(UTC).astimezone())
        except ModelRouterError as error:
            self._say(error_words(error), wrong=True)
        else:
            self._say(words)
            if self.session.phase is not Phase.SERVING:
                await self.app.run_action("again")
        self._text_changed()

    # Backups

    def action_backups(self) -> None:
        """Show earlier states of the file."""
        if self.view != "backups":
            self.action_show_view("backups")
        begin(self, "backups", self._list_backups)

    async def _list_backups(self) -> None:
        self._backups, self._backup = await asyncio.to_thread(self.draft.backups), 0
        self._redraw()

    async def _take_backup(self) -> None:
        if not self._backups:
            return
        path = self._backups[self._backup]
        try:
            await asyncio.to_thread(self.draft.take_backup, path)
        except ModelRouterError as error:
            self._say(error_words(error), wrong=True)
            return
        self._text_changed()
        self.action_show_view("changes")
        self._say(f"The draft is {path.name}; w applies it.")

    def _say(self, words: str, *, wrong: bool = False) -> None:
        self.app.notify(clean(words, 600), severity="warning" if wrong else "information", markup=False)
