"""The types that several sections of the settings share, and the base class of all sections."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_settings import NoDecode

from voicebot.address import Address, Domain

T = TypeVar("T")
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86400)]


class Section(BaseModel):
    """A table of the file. Unknown names are errors: a misspelt setting must not be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)  # it may be a secret


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


# NoDecode: in the environment, the value is plain text and not JSON.
AddressOrNone = Annotated[Address | None, BeforeValidator(_address), PlainSerializer(_written), NoDecode]
"""A number or SIP URI; empty: None."""
DomainOrNone = Annotated[Domain | None, BeforeValidator(_domain), PlainSerializer(_written), NoDecode]
"""A SIP domain, ``pbx.example.com:5070``; empty: None."""


def default(kind: type[Any], name: str) -> Any:
    """The default of the field ``name`` of the dataclass ``kind``, so that it is written only there."""
    (found,) = (field.default for field in fields(kind) if field.name == name)
    assert found is not MISSING, f"{kind.__name__}.{name} has no default"
    return found


def _fields(kind: type[Any]) -> set[str]:
    return {field.name for field in fields(kind)}


def options(kind: type[T], section: BaseModel, **others: Any) -> T:
    """An instance of the dataclass ``kind``: its fields from the settings of the same names, and from ``others``."""
    names = _fields(kind) & set(type(section).model_fields)
    return kind(**{name: getattr(section, name) for name in names} | others)


def text_in(file: Path | None, name: str) -> str:
    """The secret in ``file``; ``""`` for no file. ``name``: the setting, for the error. Raises ValueError."""
    if file is None:
        return ""
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the {name} {file} cannot be read") from error
