"""What can be set for a bot that somebody else runs, whatever its kind: a table ``[[bots]]`` of the settings.

Each kind adds its own fields in the module of its channel, and says which channel leads to the bot.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from voicebot.access_tokens import AUTHORITY, ClientCredentials
from voicebot.bots.conventions import Conventions, Style
from voicebot.bots.conversation import TURN_TIMEOUT_S
from voicebot.events import KeyCollection

_Seconds = Annotated[float, Field(gt=0, le=86400)]
_KEYS = KeyCollection()


class RemoteBot(BaseModel):
    """[[bots]] a bot that somebody else runs; docs/bots.md describes the kinds."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    kind_of_address: ClassVar[str] = ""
    """What a bot's ``url`` must be, where HTTP 404 means that it is something else."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    url: str = ""
    """Where it is reached; each kind says what this must be."""
    secret_file: Path | None = None
    secret_env: str = ""
    """The environment variable that holds the bot's secret, where there is no ``secret_file``."""
    turn_timeout_s: _Seconds = TURN_TIMEOUT_S
    """A bot that takes longer for one activity has failed at it."""
    dtmf: Literal["message", "event"] = "message"
    """How it is told of keys: Microsoft's message with a DTMF entity, or AudioCodes' event."""
    conventions: Style = "microsoft"
    """In whose words the bot is told what became of a transfer. What it sends is understood in both."""
    transfer: Literal["blind", "attended"] = "blind"
    """How callers are handed on: by their own side alone, or after we have called the target (docs/bots.md)."""
    masking_s: Annotated[float, Field(gt=0, le=60)] | None = None
    """How long it may think before the caller hears "one moment, please"; unset: ``turns.masking_s``."""
    masking_text: str = Field("", max_length=500)
    """Said in the place of "one moment, please"."""
    hypotheses: bool = False
    """Tell it what the caller is saying while it is said (AudioCodes' ``speechHypothesis``). It may ask for it, too."""
    collect_keys: int = Field(_KEYS.max_keys, ge=1, le=64)
    """So many keys are told as one; 1: each by itself. The bot may ask for it, too (``dtmfCollect``)."""
    collect_end_key: str = Field(_KEYS.end_key, pattern=r"^[0-9*#A-D]?$")
    collect_gap_s: _Seconds = _KEYS.gap_s
    """After so long without another key, those that were pressed are all."""

    @model_validator(mode="after")
    def _url_is_one(self) -> Self:
        if self.url and not self.url.startswith(("http://", "https://", "ws://", "wss://")):
            raise ValueError(f"url {self.url!r} must begin with https://")
        return self

    @property
    def has_secret(self) -> bool:
        return bool(self.secret_file or self.secret_env)

    def secret(self) -> str:
        """The bot's secret, read anew: a mounted file may have been replaced. Blocks. Raises OSError."""
        if self.secret_file is not None:
            return self.secret_file.read_text().strip()
        return os.environ.get(self.secret_env, "")

    @property
    def address(self) -> str:
        """Where something must answer, for whoever looks whether the bot can be reached."""
        return self.url

    def credentials(self) -> ClientCredentials | None:
        """The application that we are towards the bot; None where that is not how it knows us."""
        return None

    def agreed(self) -> Conventions:
        """What is agreed with the bot."""
        return Conventions(
            style=self.conventions,
            dtmf=self.dtmf,
            keys=KeyCollection(self.collect_keys, self.collect_end_key, self.collect_gap_s),
            masking_s=self.masking_s,
            masking_text=self.masking_text,
            hypotheses=self.hypotheses,
            attended=self.transfer == "attended",
        )

    def check_connector(self, host: str, public_url: str) -> None:
        """Raise ValueError when the bot cannot, or should not, reach a connector at ``host``, by ``public_url``."""


class RegisteredBot(RemoteBot):
    """A bot with an app registration at Microsoft Entra: who we are towards it, and where its tokens come from."""

    default_scope: ClassVar[str] = "{app_id}/.default"
    default_tenant: ClassVar[str] = ""

    app_id: str = ""
    tenant: str = ""
    """The Microsoft Entra tenant."""
    authority: str = AUTHORITY
    scope: str = ""
    """Of the token that we show; empty: ``{app_id}/.default``, and the Power Platform's for Copilot Studio."""

    @model_validator(mode="after")
    def _application_has_secret(self) -> Self:
        if self.app_id and not self.has_secret:
            raise ValueError("app_id needs secret_file or secret_env")
        return self

    def credentials(self) -> ClientCredentials | None:
        if not self.app_id:
            return None
        return ClientCredentials(
            self.app_id,
            self.secret,
            scope=self.scope or self.default_scope.format(app_id=self.app_id),
            tenant=self.tenant or self.default_tenant,
            authority=self.authority,
        )
