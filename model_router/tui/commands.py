"""Everything that the command palette lists."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.screen import Screen

if TYPE_CHECKING:
    from model_router.tui.app import ModelRouterApp


def commands(app: ModelRouterApp, screen: Screen[object]) -> Iterator[SystemCommand]:
    """Every screen, what can be done everywhere, and everything that a key of this screen does now."""
    everywhere = list(_everywhere(app))
    yield from everywhere
    yield from _of_keys(app, screen, {command.title for command in everywhere})


def _of_keys(app: ModelRouterApp, screen: Screen[object], known: set[str]) -> Iterator[SystemCommand]:
    """The keys that have a name and are worth one here; those of the application are listed already."""
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.id and not binding.id.startswith("app.") and active.enabled and binding.description not in known:
            known.add(binding.description)
            run = partial(app.run_action, binding.action, active.node)
            yield SystemCommand(binding.description, binding.tooltip, run)


def _everywhere(app: ModelRouterApp) -> Iterator[SystemCommand]:
    yield SystemCommand("Home", "Address, state, backends, routes", lambda: app.action_show("home"))
    yield SystemCommand("Try", "Write a prompt and see where it would go", lambda: app.action_show("try"))
    yield SystemCommand("Log", "Every request as it ends", lambda: app.action_show("log"))
    yield SystemCommand(
        "Models",
        "What fits here, how fast, and for which route",
        lambda: app.action_show("models"),
    )
    yield SystemCommand("Downloads", "Approve, pause, resume", lambda: app.action_show("downloads"))
    yield SystemCommand("Config", "Edit, preview, apply, roll back", lambda: app.action_show("config"))
    yield SystemCommand("Doctor", "Checks, each with its fix", lambda: app.action_show("doctor"))
    yield SystemCommand("Approvals", "Requests that wait for a person", app.action_approvals)
    yield SystemCommand("Reload", "Read the configuration again now", app.action_reload)
    yield SystemCommand("Profile", "Weigh engines by the next profile", app.action_profile)
    yield SystemCommand("Check again", "Check the backends, or start again", app.action_again)
    if app.session.is_demo:
        yield SystemCommand("Samples", "Switch the sample requests on or off", app.action_traffic)
    if app.session.edits_files:
        yield SystemCommand("Stop or start", "Stop serving, or start again", app.action_switch)
        yield SystemCommand("Wizard", "Set everything up, step by step", lambda: app.action_show("wizard"))
    if app.session.edits_files and not app.session.is_demo:
        yield SystemCommand("Demo", "Made-up models; nothing is kept", app.action_begin_demo)
    yield SystemCommand("Connect a client", "What to set in Claude Code, Codex, aider …", app.action_connect)
    yield SystemCommand("Jump", "A letter on each part of the screen", app.action_jump)
    yield SystemCommand("Help", "What the keys do here", app.action_help)
    yield SystemCommand("Theme", "Choose other colours", app.action_change_theme)
    leaving = "Leave, and stop serving" if app.session.edits_files else "Leave; the gateway runs on"
    yield SystemCommand("Quit", leaving, app.action_quit)
