"""The settings of a bot that somebody else runs: ``[[bots]]``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from voicebot.loopback import is_loopback_url

Seconds = Annotated[float, Field(gt=0, le=86400)]

FIELDS_OF_ALL = frozenset(
    {"name", "kind", "turn_timeout_s", "dtmf", "conventions", "masking_s", "masking_text", "hypotheses", "transfer"}
    | {"collect_keys", "collect_end_key", "collect_gap_s"}
)
_IDENTITY = frozenset({"url", "app_id", "secret_file", "secret_env", "tenant", "authority", "scope"})
_SETTLING = frozenset({"quiet_s", "typing_s", "silent_s", "poll_s"})
FIELDS_OF = {
    "bot-framework": _IDENTITY | {"channel_id", "reply_wait_s", "expect_replies"},
    "bot-framework-streaming": _IDENTITY | {"channel_id", "reply_wait_s"},
    "direct-line": _SETTLING | {"url", "secret_file", "secret_env", "token_url", "start_event"},
    "copilot-studio": _SETTLING | _IDENTITY,
}
"""What may be set for a bot of each kind, besides :data:`FIELDS_OF_ALL`."""


class RemoteBotSettings(BaseModel):
    """[[bots]] a bot that somebody else runs; docs/bots.md describes the kinds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    kind: Literal["bot-framework", "bot-framework-streaming", "direct-line", "copilot-studio"]
    url: str = ""
    """Its ``/api/messages``. Direct Line: a region's endpoint, where it is not the public one. Copilot Studio: the
    agent's token endpoint, or its connection string."""
    app_id: str = ""
    """The bot's own app id. Without one nothing is authenticated, which is for bots on this machine."""
    secret_file: Path | None = None
    secret_env: str = ""
    """The environment variable that holds the bot's secret, where there is no ``secret_file``."""
    tenant: str = ""
    """The bot's Microsoft Entra tenant; empty: ``botframework.com``, for bots of type MultiTenant."""
    authority: str = "https://login.microsoftonline.com"
    scope: str = ""
    """Of the token that we show to the bot; empty: ``{app_id}/.default``."""
    channel_id: str = "telephony"
    turn_timeout_s: Seconds = 10.0
    reply_wait_s: float = Field(0.0, ge=0, le=60)
    """For bots that take an activity at once and answer later: how long their first message is waited for."""
    dtmf: Literal["message", "event"] = "message"
    """How it is told of keys: Microsoft's message with a DTMF entity, or AudioCodes' event."""
    expect_replies: bool = False
    """For bots that cannot reach us: all replies come in the answer, at the end of the turn."""
    token_url: str = ""
    """Direct Line without its secret: an address that gives a token for each call."""
    start_event: str = ""
    """Direct Line: an event of this name is sent at the start of a call, for bots that wait for one."""
    quiet_s: Annotated[float, Field(gt=0, le=30)] = 0.8
    """Direct Line does not tell when the bot's turn is over: so long after its last message ..."""
    typing_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """... or so long after it said that it is typing, or within a text that it streams ..."""
    silent_s: Annotated[float, Field(gt=0, le=30)] = 1.5
    """... or so long after a key or an event to which it said nothing."""
    poll_s: Annotated[float, Field(ge=0.1, le=30)] = 0.5
    """Direct Line, where no websocket can be had: how often is asked for what the bot says."""
    conventions: Literal["microsoft", "audiocodes"] = "microsoft"
    """In whose words the bot is told what became of a transfer. What it sends is understood in both."""
    transfer: Literal["blind", "attended"] = "blind"
    """How callers are handed on: by their own side alone, or after we have called the target (docs/bots.md)."""
    masking_s: Annotated[float, Field(gt=0, le=60)] | None = None
    """How long it may think before the caller hears "one moment, please"; unset: ``turns.masking_s``."""
    masking_text: str = Field("", max_length=500)
    """Said in the place of "one moment, please"."""
    hypotheses: bool = False
    """Tell it what the caller is saying while it is said (AudioCodes' ``speechHypothesis``). It may ask for it, too."""
    collect_keys: int = Field(1, ge=1, le=64)
    """So many keys are told as one; 1: each by itself. The bot may ask for it, too (``dtmfCollect``)."""
    collect_end_key: str = Field("#", pattern=r"^[0-9*#A-D]?$")
    collect_gap_s: Seconds = 2.0
    """After so long without another key, those that were pressed are all."""

    @property
    def by_connection_string(self) -> bool:
        """Copilot Studio: whether ``url`` is the agent's connection string, not its token endpoint."""
        return "/copilotstudio/" in self.url

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name in [n for n in self.model_fields_set if n not in FIELDS_OF[self.kind] | FIELDS_OF_ALL]:
            raise ValueError(f'{name} means nothing for kind = "{self.kind}"')
        if self.url and not self.url.startswith(("http://", "https://", "ws://", "wss://")):
            raise ValueError(f"url {self.url!r} must begin with https://")
        if self.app_id and not self._has_secret:
            raise ValueError("app_id needs secret_file or secret_env")
        if self.kind == "direct-line":
            if self._has_secret == bool(self.token_url):
                raise ValueError('kind = "direct-line" needs either secret_file or secret_env, or token_url')
        elif self.kind == "copilot-studio":
            if not self.url:
                raise ValueError('kind = "copilot-studio" needs url: the token endpoint or the connection string')
            if self.by_connection_string and self.model_fields_set & _SETTLING:
                raise ValueError("quiet_s, typing_s, silent_s and poll_s are for agents by their token endpoint")
            if self.by_connection_string and not (self.app_id and self.tenant):
                raise ValueError("a connection string needs app_id, tenant, and secret_file or secret_env")
        else:
            self._complete_bot_framework()
        return self

    @property
    def _has_secret(self) -> bool:
        return bool(self.secret_file or self.secret_env)

    def _complete_bot_framework(self) -> None:
        if not self.url:
            raise ValueError(f'kind = "{self.kind}" needs url, for example "https://bot.example.com/api/messages"')
        if not self.app_id and not is_loopback_url(self.url):
            raise ValueError(f"a bot that is elsewhere ({self.url}) needs app_id, and secret_file or secret_env")

    def secret(self) -> str:
        """The bot's secret, read anew: a mounted file may have been replaced."""
        if self.secret_file is not None:
            return self.secret_file.read_text().strip()
        return os.environ.get(self.secret_env, "")
