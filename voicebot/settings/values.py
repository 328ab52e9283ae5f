"""What settings are made of: the types that several sections share, and the base of all sections."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_settings import NoDecode

from voicebot.address import Address, Domain

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86400)]


class Section(BaseModel):
    """A table of the file. Unknown names are errors: a misspelt setting must not be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _address(value: object) -> object:
    return Address.parse(value) if isinstance(value, str) and value else _none_or(Address, value)


def _domain(value: object) -> object:
    return Domain.parse(value) if isinstance(value, str) and value else _none_or(Domain, value)


def _none_or(kind: type, value: object) -> object:
    if value not in (None, "") and not isinstance(value, kind):
        raise ValueError("write it in quotes")
    return value or None


def _written(value: object) -> str:
    return "" if value is None else str(value)


# NoDecode: a value of the environment is the text that it is, and no JSON.
AddressOrNone = Annotated[Address | None, BeforeValidator(_address), PlainSerializer(_written), NoDecode]
"""A number or SIP URI; empty: None."""
DomainOrNone = Annotated[Domain | None, BeforeValidator(_domain), PlainSerializer(_written), NoDecode]
"""A SIP domain, ``pbx.example.com:5070``; empty: None."""
