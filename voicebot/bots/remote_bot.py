"""The settings that all kinds of remote bots share: the table ``[[bots]]``.

Each kind adds its own fields in the module of its channel, and makes that channel.
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
    """[[bots]] a bot that is not our own dialogs; docs/bots.md describes the kinds."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    kind_of_address: ClassVar[str] = ""
    """What ``voicebot doctor`` says that ``url`` must be when it gets a 404 there; empty: 404 is no fault."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    url: str = ""
    """The bot's address; each kind says which."""
    secret_file: Path | None = None
    secret_env: str = ""
    """The environment variable that holds the bot's secret, if there is no ``secret_file``."""
    turn_timeout_s: _Seconds = TURN_TIMEOUT_S
    """A request that the bot has not answered after this long has failed: the caller hears an apology."""
    dtmf: Literal["message", "event"] = "message"
    """How the bot gets keys: Microsoft's message with a DTMF entity, or AudioCodes' event."""
    conventions: Style = "microsoft"
    """Whose activity tells the bot the result of a transfer. What the bot sends is understood by both conventions."""
    transfer: Literal["blind", "attended"] = "blind"
    """``attended``: we call the target first, and the caller's side takes over that call (docs/bots.md)."""
    masking_s: Annotated[float, Field(gt=0, le=60)] | None = None
    """How long the bot may take before the caller hears "one moment, please"; unset: ``turns.masking_s``."""
    masking_text: str = Field("", max_length=500)
    """Said instead of "one moment, please"."""
    hypotheses: bool = False
    """Send the bot what the caller is saying while it is said (AudioCodes' ``speechHypothesis``). A bot can also ask
    for it itself (``sendEventsToBot``)."""
    collect_keys: int = Field(_KEYS.max_keys, ge=1, le=64)
    """This many keys are sent as one input; 1: each by itself. A bot can also ask for it itself (``dtmfCollect``)."""
    collect_end_key: str = Field(_KEYS.end_key, pattern=r"^[0-9*#A-D]?$")
    """This key ends an input; empty: none does."""
    collect_gap_s: _Seconds = _KEYS.gap_s
    """An input also ends when no further key has come for this long."""

    @model_validator(mode="after")
    def _url_is_one(self) -> Self:
        if self.url and not self.url.startswith(("http://", "https://", "ws://", "wss://")):
            raise ValueError(f"url {self.url!r} must begin with https://")
        return self

    @property
    def has_secret(self) -> bool:
        return bool(self.secret_file or self.secret_env)

    def secret(self) -> str:
        """The bot's secret, read at each call because a mounted file may be replaced. Blocks. Raises OSError."""
        if self.secret_file is not None:
            return self.secret_file.read_text().strip()
        return os.environ.get(self.secret_env, "")

    @property
    def address(self) -> str:
        """The URL at which ``voicebot doctor`` looks whether the bot can be reached."""
        return self.url

    def credentials(self) -> ClientCredentials | None:
        """The credentials with which we get tokens for the bot; None for bots that want none."""
        return None

    def agreed(self) -> Conventions:
        """The conventions that the settings name."""
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
        """Raise ValueError if the bot could not reach a connector at ``host`` by ``public_url``, or if others could."""


class RegisteredBot(RemoteBot):
    """A bot with an app registration in Microsoft Entra, in whose name we get tokens."""

    default_scope: ClassVar[str] = "{app_id}/.default"
    default_tenant: ClassVar[str] = ""

    app_id: str = ""
    tenant: str = ""
    """The Microsoft Entra tenant."""
    authority: str = AUTHORITY
    scope: str = ""
    """The scope of our tokens; empty: ``{app_id}/.default``, or the Power Platform API's for Copilot Studio."""

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
