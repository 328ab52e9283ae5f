"""The settings of Azure Communication Services (docs/acs.md)."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from voicebot.legs.acs_options import AcsOptions, Mode, Recording
from voicebot.loopback import is_loopback_url
from voicebot.settings.values import Port, Section, default, options, text_in

MIN_PATH_KEY = 16


class AcsSettings(Section):
    """[acs] a number at Azure Communication Services, in addition to [sip]. Needs the extra ``acs``."""

    endpoint: str = ""
    """Of the resource, ``https://contoso.communication.azure.com``. Empty: it is not used."""
    key: SecretStr = SecretStr("")
    """An access key of the resource: ``VOICEBOT_ACS__KEY`` in the environment, or ``key_file``."""
    key_file: Path | None = None
    resource_id: str = ""
    """The immutable id of the resource, for which the tokens are that come with its events and media."""
    host: str = default(AcsOptions, "host")
    port: Port = default(AcsOptions, "port")
    public_url: str = ""
    """How Azure reaches ``host`` and ``port``: through a proxy with TLS."""
    events_key: SecretStr = SecretStr("")
    """What is in the path to which Event Grid delivers: ``VOICEBOT_ACS__EVENTS_KEY``, or ``events_key_file``."""
    events_key_file: Path | None = None
    mode: Mode = default(AcsOptions, "mode")
    """``stream``: the audio comes to us, and all is as in a call by SIP. ``platform``: Azure speaks and listens itself,
    and no audio comes to us."""
    speech_endpoint: str = default(AcsOptions, "speech_endpoint")
    """Of the Azure AI services that are connected to the resource, for ``platform``."""
    recording: Recording = default(AcsOptions, "recording")
    """Who makes the recordings in mode ``stream``: ``own``, we do, as of calls by SIP; ``platform``, Azure does, which
    then keeps them. In mode ``platform`` Azure always does."""
    recording_container: str = default(AcsOptions, "recording_container")
    """A container of Azure Blob Storage, in which Azure puts its recordings. Empty: it keeps them for a day."""
    numbers: tuple[str, ...] = default(AcsOptions, "numbers")
    """The called numbers that are ours, or their beginnings with a ``*``; none: all. Others are left alone."""
    number: str = Field(default(AcsOptions, "number"), pattern=r"^(\+[0-9]{3,15})?$")
    """In whose name we call: a number of the resource."""
    max_calls: int = Field(default(AcsOptions, "limit"), ge=1, le=1000)
    lead_ms: int = Field(default(AcsOptions, "lead_ms"), ge=20, le=500)
    """How far ahead of what the caller hears prompts are sent. What was heard is known to within this time."""
    metadata_url: str = default(AcsOptions, "metadata_url")
    """Where the keys of tokens are published; another one in Azure's other clouds."""
    issuer: str = default(AcsOptions, "issuer")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.endpoint:
            return self
        if self.mode == "platform" and not self.speech_endpoint:
            raise ValueError('mode = "platform" needs speech_endpoint: the Azure AI services by which Azure speaks')
        if self.recording_container and "platform" not in (self.mode, self.recording):
            raise ValueError('recording_container is for recordings of Azure\'s: recording = "platform"')
        optional = [name for name in ("speech_endpoint", "recording_container") if getattr(self, name)]
        for name in ("endpoint", "public_url", "metadata_url", *optional):
            url = getattr(self, name)
            https = re.fullmatch(r"https://[^\s/?#@]+(/[^\s?#]*)?", url)
            if not (https or (url.startswith("http://") and is_loopback_url(url))):
                raise ValueError(f"{name} must be set, and begin with https:// (or http:// on this machine)")
        if re.search(r"\.(api\.cognitive|speech)\.microsoft\.", self.speech_endpoint):
            raise ValueError(
                "speech_endpoint is the address of a region, at which Azure's managed identity is not taken: give the "
                "resource a custom domain, https://NAME.cognitiveservices.azure.com"
            )
        if not self.resource_id:
            raise ValueError("endpoint needs resource_id: `az communication show` calls it immutableResourceId")
        _check_key(self.access_key())
        if len(self.path_key()) < MIN_PATH_KEY or not re.fullmatch(r"[A-Za-z0-9_-]+", self.path_key()):
            raise ValueError(
                "endpoint needs VOICEBOT_ACS__EVENTS_KEY in the environment, or events_key_file: at least "
                f"{MIN_PATH_KEY} letters, digits, - and _, as `openssl rand -hex 16` makes them"
            )
        return self

    def access_key(self) -> str:
        """Raises ValueError: its file cannot be read."""
        return text_in(self.key_file, "key_file") or self.key.get_secret_value()

    def path_key(self) -> str:
        """What is in the path for Event Grid. Raises ValueError."""
        return text_in(self.events_key_file, "events_key_file") or self.events_key.get_secret_value()

    @property
    def connections(self) -> int:
        """The most that it takes; 0 if it is not used."""
        return self.options().connections if self.endpoint else 0

    def options(self) -> AcsOptions:
        return options(AcsOptions, self, limit=self.max_calls, events_key=self.path_key())


def _check_key(key: str) -> None:
    try:
        if key and base64.b64decode(key, validate=True):
            return
    except (binascii.Error, ValueError):
        pass
    raise ValueError("endpoint needs an access key of the resource, as it is: VOICEBOT_ACS__KEY, or key_file")
