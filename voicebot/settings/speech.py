"""The settings of [speech]: which service recognises and speaks, and its time limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from voicebot.settings.values import Port, Seconds, Section, default
from voicebot.speech.recognizer import CONNECT_TIMEOUT_S, SEGMENTATION_SILENCE_MS
from voicebot.speech.synthesizer import SynthesisTimeouts
from voicebot.speechsdk.endpoint import SpeechEndpoint

LanguageTag = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
VoiceName = Annotated[str, Field(min_length=1, max_length=200)]


class SpeechSettings(Section):
    """[speech] recognition and synthesis. ``service``: ``local`` is the embedded one, ``azure`` the cloud."""

    service: Literal["local", "azure", "url"] = "local"
    url: str = ""
    """``service = "url"``: the address of the Speech service (``wss://host:port``), such as a container."""
    allow_unencrypted: bool = default(SpeechEndpoint, "allow_unencrypted")
    region: str = ""
    endpoint: str = ""
    key: SecretStr = SecretStr("")
    """With ``service = "local"`` what the embedded service wants of its clients; empty: a new one at each start."""
    key_file: Path | None = None
    entra_token_file: Path | None = None
    """A file with a Microsoft Entra access token. It is read for each connection; something else must renew it."""
    resource_id: str = ""
    """With ``region`` and an Entra token: the Azure resource id of the Speech resource."""
    language: str = Field("en-US", pattern=r"^[a-z]{2,3}-[A-Z]{2}$")
    voice: str = "en-US-JennyNeural"
    voices: dict[LanguageTag, VoiceName] = Field(default_factory=dict)
    """The voices of other languages, for activities with another ``locale``: by language, ``{de = "..."}``, or by
    language and country, ``{"en-GB" = "..."}``."""
    segmentation_silence_ms: int = Field(SEGMENTATION_SILENCE_MS, ge=100, le=5000)
    connect_timeout_s: Seconds = CONNECT_TIMEOUT_S
    first_audio_timeout_s: Seconds = default(SynthesisTimeouts, "first_audio")
    synthesizers: int = Field(4, ge=1, le=200)
    local_port: Port = 0
    """``service = "local"``: the port of the embedded service on 127.0.0.1; 0 picks a free one."""
    client_process: Literal["own", "same"] = "own"
    """Where the Speech SDK runs: a service that makes it crash ends the process that it is in."""
    prompt_cache_mb: int = Field(64, ge=1, le=4096)
    prompt_cache_dir: Path | None = Path("var/prompts")
    """The folder in which the audio of prompts is kept across restarts. ``""``: it is kept in memory only."""

    @field_validator("prompt_cache_dir", mode="before")
    @classmethod
    def _no_directory(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("url")
    @classmethod
    def _websocket(cls, value: str) -> str:
        if value and not value.startswith(("ws://", "wss://")):
            raise ValueError(f"{value!r} must begin with ws:// or wss://")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.service == "azure":
            if not (self.region or self.endpoint):
                raise ValueError('service = "azure" needs region (for example "westeurope") or endpoint')
            if not (self.key.get_secret_value() or self.key_file or self.entra_token_file):
                raise ValueError(
                    'service = "azure" needs VOICEBOT_SPEECH__KEY in the environment, key_file, or entra_token_file'
                )
        if self.service == "url" and not self.url:
            raise ValueError('service = "url" needs url, for example "wss://speech.internal:5000"')
        if self.service != "local":
            self._endpoint("not read yet" if self.key.get_secret_value() or self.key_file else None)
        return self

    def remote(self) -> SpeechEndpoint:
        """The service outside this machine. The key, and the token at each use, are read anew. Raises OSError."""
        return self._endpoint(self.secret() or None)

    def secret(self) -> str:
        """The key, or ``""``. If it is in a file, that is read each time. Raises OSError."""
        if self.key_file is not None:
            return self.key_file.read_text().strip()
        return self.key.get_secret_value()

    def _endpoint(self, key: str | None) -> SpeechEndpoint:
        """Raises ValueError with what to change."""
        token_file = self.entra_token_file
        return SpeechEndpoint(
            host=self.url or None,
            endpoint=self.endpoint or None,
            region=(self.region or None) if not self.endpoint else None,
            key=key,
            token=(lambda: token_file.read_text().strip()) if token_file else None,
            resource_id=self.resource_id or None,
            allow_unencrypted=self.allow_unencrypted,
        )
