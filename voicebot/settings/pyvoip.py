"""The settings of the pyVoIP front end."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from voicebot.settings.values import Port, Section, text_in


class PyVoipSettings(Section):
    """[pyvoip] an extension at a PBX, by means of pyVoIP, in addition to [sip]. Needs the extra ``pyvoip``."""

    server: str = Field("", pattern=r"^[A-Za-z0-9.-]{0,253}$")
    """The PBX: an IPv4 address or a host name. Empty: pyVoIP is not used."""
    port: int = Field(5060, ge=1, le=65535)
    username: str = Field("", pattern=r"^[A-Za-z0-9_.+*#!~-]{0,128}$")
    password_file: Path | None = None
    host: str = "127.0.0.1"
    """Our IPv4 address, by which the PBX reaches us."""
    sip_port: Port = 0
    """The port to which the PBX sends its calls; 0: any free port."""
    max_calls: int = Field(50, ge=1, le=200)

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            if ipaddress.IPv4Address(value).is_unspecified:
                raise ValueError
        except ValueError as error:
            raise ValueError(f"{value!r} must be the IPv4 address by which the PBX reaches us") from error
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.server and not self.username:
            raise ValueError("server needs the username of our extension there, and usually password_file")
        text_in(self.password_file, "password_file")
        return self

    def password(self) -> str:
        return text_in(self.password_file, "password_file")
