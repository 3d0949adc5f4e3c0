"""Config: both files as settings and as text, checked while one writes, shown in advance, applied, rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input, TextArea

from model_router.config.settings import Setting, set_value
from model_router.errors import ConfigError, ModelRouterError
from model_router.tui.config_apply import apply_draft, preview_drafts
from model_router.tui.config_area import ConfigArea, ConfigStatus, ValueField
from model_router.tui.config_draft import Checked
from model_router.tui.screens.config_views import ConfigViews
from model_router.tui.screens.question import QuestionScreen
from model_router.tui.session import Phase
from model_router.tui.tasks import begin
from model_router.tui.text import clean, error_words

_TYPING_SECONDS = 0.15
"""A pause this long in the writing, and the text is checked."""

_PREVIEW_SECONDS = 0.3
"""So much longer, and a preview in sight is made anew."""


class ConfigScreen(ConfigViews):
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

    # Reading and checking

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
        if self._side_by_side and self.right == "preview" and self._found is None and not draft.problem:
            begin(self, "preview", self._preview, _PREVIEW_SECONDS if pause else 0.0)

    # Moving about

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

    async def _preview(self, pause: float = 0.0) -> None:
        await asyncio.sleep(pause)
        self._previewing = True
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
