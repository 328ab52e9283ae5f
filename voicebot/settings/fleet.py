"""The settings of [fleet]: what this call process shares with others."""

from __future__ import annotations

from pydantic import Field, field_validator

from voicebot.fleet import LEASE_S, Limits
from voicebot.redis_server import RedisAddress
from voicebot.settings.trunks import TrunkSettings
from voicebot.settings.values import Section


class FleetSettings(Section):
    """[fleet] several call processes that count their calls together (docs/deploying.md)."""

    url: str = ""
    """The Redis server between them, as in ``bot.state_url``; empty: this process is alone. The password comes from
    ``VOICEBOT_STATE_PASSWORD`` in the environment."""
    node: str = Field("", pattern=r"^[A-Za-z0-9_.: -]{0,64}$")
    """The name of this process, for people; empty: the machine's name and the SIP port."""
    max_calls: int = Field(0, ge=0, le=1_000_000)
    """At once, of all processes; one more gets 503. 0: as many as they take each (``sip.max_calls``)."""

    @field_validator("url")
    @classmethod
    def _server(cls, value: str) -> str:
        address = RedisAddress.parse(value) if value else None
        if address is not None and address.has_password:
            raise ValueError("has a password, which logs would show: put it into VOICEBOT_STATE_PASSWORD")
        return value

    lease_s: float = Field(LEASE_S, ge=0.5, le=60)
    """A process that was not heard of for so long is gone: it counts no more, and the others go on with its calls."""
    takeover: bool = True
    """Go on with calls of processes that are gone (docs/deploying.md). It needs ``bot.state_url``."""

    def limits(self, trunks: tuple[TrunkSettings, ...]) -> Limits:
        return Limits(self.max_calls, {trunk.name: trunk.fleet_calls for trunk in trunks if trunk.fleet_calls})
