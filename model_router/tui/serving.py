"""What a person does to the session from any screen: check, stop, start, reload, switch the profile, leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.notifications import SeverityLevel

from model_router.engine.routes import Profile
from model_router.errors import ModelRouterError
from model_router.tui.failures import SturdyApp
from model_router.tui.screens.question import QuestionScreen
from model_router.tui.session import Phase, Session
from model_router.tui.text import clean, error_words

if TYPE_CHECKING:
    from model_router.server.happenings import ReloadEvent
    from model_router.server.reload import Reloads


class SessionApp(SturdyApp):
    """An application over one session. Subclasses open and check it beside the screen, and show what came of it."""

    session: Session

    def begin(self, step: Callable[[], None]) -> None:
        """Run a step that opens the session."""
        raise NotImplementedError

    def check(self) -> None:
        """Ask the backends how they are."""
        raise NotImplementedError

    def tell(self, *, requests: bool = False) -> None:
        """Have the screen in sight show what is; ``requests``: some have come."""
        raise NotImplementedError

    def rename_keys(self) -> None:
        """Take the keys of the configuration."""
        raise NotImplementedError

    def action_again(self) -> None:
        """Check the backends; while nothing is served, read the configuration again and start."""
        if self.session.phase is Phase.SERVING:
            self.notify("Checking the backends.", markup=False, timeout=2)
            self.check()
        elif self.session.phase is not Phase.STARTING:
            self.begin(self.session.open)

    def action_begin_demo(self) -> None:
        """Open the demo."""
        if not self.session.is_demo:
            self.begin(self.session.begin_demo)

    async def action_traffic(self) -> None:
        """Switch the sample requests on or off."""
        traffic = self.session.traffic
        if traffic is not None and traffic.running:
            await asyncio.to_thread(self.session.stop_traffic)
            self.notify("Sample requests are off; d switches them on.", markup=False)
        elif self.session.phase is Phase.SERVING:
            self.session.start_traffic()
            self.notify("Sample requests are on; d switches them off.", markup=False)
        else:
            self.notify("Nothing is served yet, so there is nowhere to send them.", severity="warning", markup=False)

    def action_switch(self) -> None:
        """Stop serving, or start again; with requests under way only after a yes."""
        if not self.may_change("stop or start the gateway"):
            return
        if self.session.phase is Phase.SERVING:
            self._ask_if_busy("Stop serving?", self._stop)
        elif self.session.phase is not Phase.STARTING:
            self.action_again()

    def _stop(self) -> None:
        self.run_worker(self._stop_serving(), group="open", exclusive=True)

    async def _stop_serving(self) -> None:
        await asyncio.to_thread(self.session.stop)
        self.tell()
        self.notify("The gateway has stopped; s starts it again.", markup=False)

    def action_reload(self) -> None:
        """Have the gateway read its files again."""
        if self.may_change("read the configuration again"):
            self.run_worker(self._reread(lambda reloader: reloader.reload("screen")), group="reload", exclusive=True)

    def action_profile(self) -> None:
        """Weigh engines by the next profile, until the files are read again."""
        gateway = self.session.gateway
        if gateway is None or not self.may_change("switch the profile"):
            return
        profiles = list(Profile)
        following = profiles[(profiles.index(gateway.config.proxy.routing_profile) + 1) % len(profiles)]
        worker = self._reread(lambda reloader: reloader.switch_profile(following, "screen"))
        self.run_worker(worker, group="reload", exclusive=True)

    async def _reread(self, step: Callable[[Reloads], ReloadEvent]) -> None:
        gateway = self.session.gateway
        if gateway is None or gateway.reloader is None or self.session.phase is not Phase.SERVING:
            self.notify("Nothing is served; r reads the files and starts.", severity="warning", markup=False)
            return
        before = gateway.config.proxy.routing_profile
        try:
            event = await asyncio.to_thread(step, gateway.reloader)
        except ModelRouterError as error:
            self.notify(clean(error_words(error), 600), severity="error", markup=False)
            return
        lines = [event.summary, *event.problems[:4]]
        if event.outcome != "refused" and event.profile and event.profile != before:
            lines = [f"The profile is {event.profile} until the files are read again."]
        severity: SeverityLevel = "error" if event.outcome == "refused" else "information"
        self.notify(clean(" ".join(lines), 900), severity=severity, markup=False)
        self.rename_keys()
        self.tell()

    def _ask_if_busy(self, heading: str, then: Callable[[], None]) -> None:
        """Go on at once, or after a yes when somebody waits for an answer."""
        gateway = self.session.gateway
        waiting = gateway.in_flight if gateway is not None and self.session.phase is Phase.SERVING else 0
        if not waiting:
            then()
            return
        requests = "1 request is under way. It gets" if waiting == 1 else f"{waiting} requests are under way. They get"
        words = f"{requests} a few seconds to end; what is left then is broken off."
        screen = QuestionScreen(self.session, heading, words)
        self.push_screen(screen, lambda answer: then() if answer else None)

    def may_change(self, what: str) -> bool:
        """Whether this application may change anything; told when it may not."""
        if self.session.read_only:
            self.notify(f"Opened with --read-only, so it does not {what}.", severity="warning", markup=False)
        return not self.session.read_only

    async def action_quit(self) -> None:
        """Leave; with requests under way only after a yes."""
        if any(isinstance(screen, QuestionScreen) for screen in self.screen_stack):
            return
        if self.session.has_edits:
            words = "What was changed in Config and not applied is lost; the files stay as they are."
            question = QuestionScreen(self.session, "Leave, and lose the edits?", words)
            self.push_screen(question, self._leave_edits)
            return
        self._leave()

    def _leave_edits(self, answer: bool | None) -> None:
        if answer:
            self.session.has_edits = False
            self._leave()

    def _leave(self) -> None:
        downloads = self.session.workshop.under_way()
        if downloads:
            words = f"{downloads} under way. What has arrived is kept; in Downloads they go on where they stopped."
            question = QuestionScreen(self.session, "Leave, and pause the downloads?", words)
            self.push_screen(question, lambda answer: self.exit(0) if answer else None)
            return
        if self.session.edits_files:
            self._ask_if_busy("Leave, and stop serving?", lambda: self.exit(0))
        else:
            self.exit(0)
