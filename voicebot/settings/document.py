"""Typed settings: one TOML file (``voicebot.toml``), overridden by ``VOICEBOT_*`` in the environment.

Every setting carries its unit in its name. A nested setting is named with two underscores in the environment:
``VOICEBOT_SIP__PORT=5080``. Secrets (keys, passwords) are read from the environment or from a file named by
``..._file``, are kept in ``SecretStr`` and are never logged. A wrong setting raises :class:`SettingsError`, whose text
names the setting, what is wrong and what would be right.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from voicebot.host.sdk_choice import BOTBUILDER, SdkName
from voicebot.loopback import is_loopback_url
from voicebot.settings.bots import RemoteBotSettings, as_written
from voicebot.settings.calls import CallSettings, ConsoleSettings, LogSettings, TurnSettings
from voicebot.settings.media import CodecChoice, CodecNames, PtimeMs
from voicebot.settings.pyvoip import PyVoipSettings
from voicebot.settings.routes import RouteSettings
from voicebot.settings.trunks import AccountSettings, RateSettings, TlsSettings, TrunkSettings, listen_at
from voicebot.settings.values import Port, Seconds, Section
from voicebot.sip.sdp import Srtp
from voicebot.sip.session_timer import MIN_SE
from voicebot.turns import TurnPolicy

DEFAULT_FILE = Path("voicebot.toml")


class SettingsError(Exception):
    """A setting is wrong; the text says which, why and what would be right, one line each."""


class SipSettings(Section):
    """[sip] where calls come in."""

    host: str = "127.0.0.1"
    port: Port = 5060
    advertised_host: str = ""
    """The address that peers are told (Contact, SDP), when it differs from ``host``: NAT, or ``host = "0.0.0.0"``."""
    max_calls: int = Field(100, ge=1, le=10000)
    codecs: CodecNames = ("PCMU", "PCMA")
    """Names of codecs (docs/media.md), in the order of our offers."""
    codec_choice: CodecChoice = "theirs"
    """Of an offer is taken what the other side prefers, or what comes first among ``codecs``."""
    listen: tuple[str, ...] = ()
    """Where to listen in the place of UDP at ``host`` and ``port``: ``udp:192.0.2.1:5060``, ``tls:[::]:5061``, ..."""
    strangers: Literal["auto", "allow", "refuse", "drop"] = "auto"
    """What callers get who belong to no trunk: taken, 403, or no answer at all. ``auto``: dropped as soon as there is a
    trunk or an account, taken before."""
    keepalive_s: Seconds = 30.0
    """How often an idle connection of ours is pinged (RFC 5626), and a registrar over UDP, to keep NAT open."""
    session_expires_s: int = Field(1800, ge=0, le=86400)
    """The session timer that we ask for (RFC 4028), where the other side knows timers; 0: none."""

    @field_validator("listen")
    @classmethod
    def _listeners(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            listen_at(one, "")
        return value

    @field_validator("session_expires_s")
    @classmethod
    def _not_too_short(cls, value: int) -> int:
        if 0 < value < MIN_SE:
            raise ValueError(f"must be at least {MIN_SE}, or 0 for none")
        return value

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.advertised_host:
            try:
                unspecified = ipaddress.ip_address(self.host).is_unspecified
            except ValueError:
                unspecified = False
            if unspecified:
                raise ValueError(f"host {self.host} listens everywhere: set advertised_host to the address peers reach")
        return self


class RtpSettings(Section):
    """[rtp] the audio."""

    port_low: Port = 20000
    port_high: Port = 20999
    silence_timeout_s: Seconds = 30.0
    """A caller from whom no packet has come for so long is gone."""
    ptime_ms: PtimeMs = 20
    """How long the packets should be that we are sent; ours are as long as the other side asks."""
    srtp: Srtp = "allowed"
    """Encrypted media, with keys in the session description (SDES, RFC 4568), which should go over TLS then, or made
    by a handshake on the media's port (DTLS-SRTP, with ICE-lite for WebRTC gateways). ``allowed``: as the caller offers
    it. What is not allowed, or not encrypted where it must be, gets 488. Calls of ours offer SDES where it must be."""
    inband_dtmf: bool = False
    """Find keypad tones in the audio of callers whose side has no telephone-event (RFC 4733)."""

    @model_validator(mode="after")
    def _room_for_a_call(self) -> Self:
        if self.port_high <= self.port_low:
            raise ValueError(f"port_high {self.port_high} must be greater than port_low {self.port_low}")
        return self


class SpeechSettings(Section):
    """[speech] recognition and synthesis: ``service = "local"`` is the embedded one, ``"azure"`` the cloud."""

    service: Literal["local", "azure", "url"] = "local"
    url: str = ""
    """``service = "url"``: a Speech service at this address (``ws://host:port``), a container for example."""
    region: str = ""
    endpoint: str = ""
    key: SecretStr = SecretStr("")
    key_file: Path | None = None
    entra_token_file: Path | None = None
    """A file that holds a Microsoft Entra access token, kept fresh by whoever mounts it; read at each connection."""
    resource_id: str = ""
    """With ``region`` and an Entra token: the Azure resource id of the Speech resource."""
    language: str = Field("en-US", pattern=r"^[a-z]{2,3}-[A-Z]{2}$")
    voice: str = "en-US-JennyNeural"
    segmentation_silence_ms: int = Field(350, ge=100, le=5000)
    connect_timeout_s: Seconds = 3.0
    first_audio_timeout_s: Seconds = 3.0
    synthesizers: int = Field(4, ge=1, le=200)
    local_port: Port = 0
    """``service = "local"``: the port of the embedded service on 127.0.0.1; 0 picks a free one."""
    prompt_cache_mb: int = Field(64, ge=1, le=4096)
    prompt_cache_dir: Path | None = Path("var/prompts")
    """Where rendered prompts are kept over restarts; set to "" to keep them in memory only."""

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
            raise ValueError('service = "url" needs url, for example "ws://speech.internal:5000"')
        return self


class BotSettings(Section):
    """[bot] the dialogs behind the calls."""

    dialogs: Path = Path("dialogs")
    sdk: SdkName = BOTBUILDER
    """What the dialogs run on: Bot Framework SDK 4.17, or the Microsoft 365 Agents SDK that follows it (an extra of
    this name), which serves calls but not ``/api/messages``."""
    reload: bool = True
    """Follow changes of ``dialogs``: what is saved and has no faults serves the next call (the rules:
    ``voicebot/service/dialog_versions.py``). False: what was there at the start serves, from the folder itself."""
    state_file: Path | None = None
    """SQLite file for conversation state; unset: a temporary one, which outlives the dialog host, not the service."""
    state_url: str = ""
    """What keeps state in the place of the file: a Redis server, ``redis://host:6379/0`` (extra ``redis``), or a
    container of Azure Blob Storage, ``https://account.blob.core.windows.net/container`` (extra ``azure-blob``). The
    password, or the account's key or signature, comes from ``VOICEBOT_STATE_PASSWORD`` in the environment."""
    turn_timeout_s: Seconds = 10.0
    """A bot that takes longer for one turn has failed: the caller hears an apology."""
    hang_timeout_s: Seconds = 5.0
    """A dialog host that does not answer for so long is ended and started anew."""
    transfer: Literal["blind", "attended"] = "blind"
    """How callers are handed on: by their own side alone, or after we have called the target (docs/bots.md)."""
    http_port: Port = 3978
    """``/api/messages`` on 127.0.0.1 for the Emulator and other channels; 0 picks a free port."""

    @field_validator("state_url")
    @classmethod
    def _state_server(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme in ("https", "http"):
            if parts.scheme == "http" and not is_loopback_url(value):
                raise ValueError("must begin with https://: state would be sent in the clear")
            if not parts.path.strip("/"):
                raise ValueError("needs a container: https://account.blob.core.windows.net/container")
        elif parts.scheme not in ("redis", "rediss", "unix"):
            raise ValueError("must begin with redis://, rediss://, unix:// or https:// (a container of Blob Storage)")
        if parts.password or "sig=" in parts.query:
            raise ValueError("holds a password, which process lists would show: put it into VOICEBOT_STATE_PASSWORD")
        return value


class ConnectorSettings(Section):
    """[connector] where bots of kind ``bot-framework`` send what they say."""

    host: str = "127.0.0.1"
    port: Port = 3980
    public_url: str = ""
    """How bots reach it, with TLS in front; empty: by ``host`` and ``port``, which only bots on this machine can."""


class Settings(BaseSettings):
    """Everything that can be set. See the sections for what each means."""

    model_config = SettingsConfigDict(
        env_prefix="VOICEBOT_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    sip: SipSettings = SipSettings()
    tls: TlsSettings = TlsSettings()
    rates: RateSettings = RateSettings()
    trunks: tuple[TrunkSettings, ...] = ()
    accounts: tuple[AccountSettings, ...] = ()
    pyvoip: PyVoipSettings = PyVoipSettings()
    rtp: RtpSettings = RtpSettings()
    speech: SpeechSettings = SpeechSettings()
    bot: BotSettings = BotSettings()
    turns: TurnSettings = TurnSettings()
    calls: CallSettings = CallSettings()
    log: LogSettings = LogSettings()
    console: ConsoleSettings = ConsoleSettings()
    connector: ConnectorSettings = ConnectorSettings()
    routes: RouteSettings = RouteSettings()
    bots: tuple[RemoteBotSettings, ...] = ()

    @model_validator(mode="after")
    def _bots_fit(self) -> Self:
        names = [bot.name for bot in self.bots]
        for name in names:
            if name == "dialogs" or names.count(name) > 1:
                raise ValueError(f"bots: the name {name!r} is taken")
        self.routes.check(names, [*(trunk.name for trunk in self.trunks), *(account.name for account in self.accounts)])
        for bot in self.bots:
            try:
                bot.check_connector(self.connector.host, self.connector.public_url)
            except ValueError as error:
                raise ValueError(f"bots: {bot.name}: {error}") from error
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file (which comes in as init arguments)."""
        return env_settings, init_settings

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [trunk.name for trunk in self.trunks] + [account.name for account in self.accounts]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"trunks and accounts: two are named {twice[0]}")
        outbound = [t.name for t in self.trunks if t.outbound] + [account.name for account in self.accounts]
        if unknown := [name for name in self.calls.outbound_trunks if name not in outbound]:
            raise ValueError(f"calls: outbound_trunks: there is no account, and no trunk with outbound, {unknown[0]!r}")
        return self

    def turn_policy(self) -> TurnPolicy:
        """The turn machine's numbers, in its own units."""
        return TurnPolicy(
            end_silence_s=self.turns.end_silence_ms / 1000,
            race_grace_s=self.turns.race_grace_ms / 1000,
            number_silence_s=self.turns.number_silence_ms / 1000,
            patience_s=self.turns.patience_ms / 1000,
            no_input_s=self.turns.no_input_s,
            barge_in=self.turns.barge_in,
            resume_s=self.turns.barge_in_resume_ms / 1000,
            masking_s=self.turns.masking_s,
            fallback_transfer=self.calls.fallback_transfer,
        )

    def speech_key(self) -> str:
        """The Speech key, from the environment or from its file; empty when there is none."""
        if self.speech.key_file is not None:
            return self.speech.key_file.read_text().strip()
        return self.speech.key.get_secret_value()


def load_settings(path: Path | None = None, overrides: dict[str, Any] | None = None) -> Settings:
    """Read ``path`` (default: ``voicebot.toml`` where it exists) and the environment. Raises :class:`SettingsError`."""
    file = path or DEFAULT_FILE
    data: dict[str, Any] = {}
    if path is not None or file.exists():
        try:
            data = tomllib.loads(file.read_text())
        except OSError as error:
            raise SettingsError(f"{file}: cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{file}: not valid TOML: {error}") from None
        for section, name in (("speech", "key"), ("console", "token")):
            if isinstance(data.get(section), dict) and name in data[section]:
                variable = f"VOICEBOT_{section}__{name}".upper()
                raise SettingsError(
                    f"{file}: {section}.{name}: secrets do not belong here: set {variable} or {name}_file"
                )
    for section, values in (overrides or {}).items():
        data.setdefault(section, {}).update(values)
    bots = [bot for bot in data.get("bots", ()) if isinstance(bot, dict)]
    secrets = {bot["secret_env"] for bot in bots if isinstance(bot.get("secret_env"), str) and bot["secret_env"]}
    _refuse_unknown_environment(secrets)
    try:
        settings = Settings(**data)
    except ValidationError as error:
        raise SettingsError("\n".join(_line(file, e) for e in error.errors())) from None
    if settings.speech.key_file is not None and not settings.speech.key_file.is_file():
        raise SettingsError(f"{file}: speech.key_file: there is no file {settings.speech.key_file}")
    if settings.console.token_file is not None and not settings.console.token_file.is_file():
        raise SettingsError(f"{file}: console.token_file: there is no file {settings.console.token_file}")
    for bot in settings.bots:
        if bot.secret_file is not None and not bot.secret_file.is_file():
            raise SettingsError(f"{file}: bots: {bot.name}: there is no file {bot.secret_file}")
        if bot.secret_file is None and bot.secret_env and not os.environ.get(bot.secret_env):
            raise SettingsError(f"{file}: bots: {bot.name}: {bot.secret_env} is not in the environment")
    return settings


def _refuse_unknown_environment(secrets: set[str]) -> None:
    known = {"VOICEBOT_CONFIG", *(name.upper() for name in secrets)} | {
        f"VOICEBOT_{section}__{name}".upper()
        for section, field in Settings.model_fields.items()
        for name in getattr(field.annotation, "model_fields", {})
    }
    for name in os.environ:
        if name.startswith("VOICEBOT_") and name.upper() not in known:
            raise SettingsError(
                f"environment: {name}: no such setting (sections and names are joined by two underscores)"
            )


def _line(file: Path, error: Any) -> str:
    place, message = as_written(error)
    where = ".".join(place) or "settings"
    message = message.removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "no such setting; see voicebot.example.toml for all of them"
    variable = "VOICEBOT_" + "__".join(place).upper()
    source = f"environment {variable}" if variable in os.environ else str(file)
    return f"{source}: {where}: {message}"
