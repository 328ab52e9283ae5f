"""The front end for Azure Communication Services, made from the settings, and what is told of it (docs/acs.md).

Its client is an extra, so it is imported only if the settings need it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from voicebot.legs import Leg
from voicebot.legs.acs_front_end import REJECTIONS, AcsFrontEnd, Share
from voicebot.listening.cannot_listen import cannot_listen
from voicebot.rtp import MediaClock
from voicebot.service.supervisor import ChildProcess, NotReady
from voicebot.settings import Settings
from voicebot.web import Figure, Panel


def require_acs() -> None:
    """Raise :class:`NotReady` if the extra is not installed."""
    try:
        import_module("voicebot.legs.acs_client")
    except ModuleNotFoundError as missing:
        raise NotReady(f"acs.endpoint: {missing.name} is not installed: pip install 'voicebot[acs]'") from missing


class AcsService:
    """The front end, and its part of the operations page and of the metrics. Needs the extra: :func:`require_acs`."""

    def __init__(
        self,
        settings: Settings,
        clock: MediaClock,
        on_leg: Callable[[Leg], object],
        admits: Callable[[], bool],
        share: Share | None = None,
    ) -> None:
        from voicebot.legs.acs_client import AcsClient

        self._settings = settings.acs
        options = self._settings.options()
        platform = AcsClient(
            options.endpoint, self._settings.access_key(), options.speech_endpoint, options.recording_container
        )
        self.front_end = AcsFrontEnd(options, platform, on_leg, clock=clock, admits=admits, share=share)

    async def start(self) -> None:
        """Take calls. Raises :class:`NotReady`."""
        try:
            await self.front_end.start()
        except OSError as error:
            why = cannot_listen(error, host="acs.host", port="acs.port", seen_as="acs.public_url")
            raise NotReady(why.at(f"{self._settings.host}:{self._settings.port}")) from error

    # --- for the console

    @property
    def processes(self) -> Sequence[ChildProcess]:
        return ()

    def figures(self) -> list[Figure]:
        front_end = self.front_end
        rejected = dict.fromkeys(REJECTIONS, 0) | front_end.rejected
        return [
            Figure("acs_calls", "Calls by Azure Communication Services now", {"": front_end.active}, "", "gauge"),
            Figure("acs_calls_rejected", "Calls that were rejected or left alone", rejected, "reason"),
            Figure("acs_requests_refused", "Requests that were refused or could not be read",
                   dict(front_end.refused), "what"),
        ]  # fmt: skip

    def panel(self) -> Panel:
        front_end = self.front_end
        refused = ", ".join(f"{count} {what}" for what, count in front_end.refused.items())
        facts = [
            ("resource", self._settings.endpoint),
            ("reached at", f"{self._settings.public_url} (port {front_end.port})"),
            ("calls now", f"{front_end.active} of {self._settings.max_calls}"),
            ("requests refused", refused or "none"),
        ]
        return Panel("Azure Communication Services", facts)
