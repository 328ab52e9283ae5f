"""Where somebody can be reached: a telephone number, a tel URI (RFC 3966), or a SIP URI (RFC 3261 19.1).

An address is parsed once, where it comes in (settings, bot, API, command line, signalling), and is a value from there
on. How it may be written:

=============================  ======================================================================================
``+1 (555) 01-99``, ``*31#``   a number; the caller chooses its domain (:meth:`Address.at`). Visual separators are
                               dropped
``+15550199;ext=7``            a number with parameters (RFC 3966; ``npdi`` and ``rn`` are from RFC 4694)
``tel:+1-555-0199``            a number as a URI; it stays a tel URI in signalling, as some networks require
``reception``                  a name; like a number it gets its domain later
``sip:ada@pbx.example:5070``   a user in a domain; ``sips:`` requires TLS on every hop; ``sip:`` may be left out
=============================  ======================================================================================

Anything that could end the header field that a URI is put into, or hide where a URI leads, is refused: quotes, angle
brackets, commas, spaces and control characters, URI headers (``?Replaces=...``), passwords.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote, unquote

MAX_CHARACTERS = 512

_VISUAL = re.compile(r"[ \u00a0\u202f().\-/\u2010-\u2013]")
"""What people put between digits; RFC 3966 itself allows only ``-.()``."""
_NUMBER = re.compile(r"\+?[0-9*#]{1,40}")
_NAME = re.compile(r"(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_.+*!~-]{1,128}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_USER = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$/#]|%[0-9A-Fa-f]{2})+")
_USER_SAFE = "!~*'()&=+$/"
_WORD = r"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]|%[0-9A-Fa-f]{2})+"
_PARAMETERS = re.compile(rf"(?:;{_WORD}(?:={_WORD})?)*")
_DOMAIN = re.compile(
    r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<parameters>(?:;.*)?)"
)
_UNSAFE = re.compile(r"[^!-~]|[<>\",\\^`{|}]")


def without_separators(number: str) -> str:
    """``number`` without spaces, dashes, dots, slashes and parentheses."""
    return _VISUAL.sub("", number)


class AddressError(ValueError):
    """A text that is not an address. The message says what is wrong and how to write it; ``mend`` is the latter."""

    def __init__(self, text: str, mend: str, wrong: str = "is neither a number nor a SIP URI") -> None:
        shown = text if len(text) <= 100 else text[:100] + "..."
        super().__init__(f"{shown!r} {wrong}: {mend}")
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Domain:
    """The part of a SIP URI after the ``@``: whose numbers and names are meant.

    ``host``: in lower case, IPv6 in brackets. ``port``: None if DNS or the default decides. ``parameters``: of the URI,
    as written (``;transport=tls``).
    """

    host: str
    port: int | None = None
    scheme: Literal["sip", "sips"] = "sip"
    parameters: str = ""

    @classmethod
    def parse(cls, text: str) -> Domain:
        """``pbx.example``, ``[2001:db8::1]:5070``, ``sip:pbx.example;transport=tls``. Raises :class:`AddressError`."""
        secure, plain = text[:5].lower() == "sips:", text[:4].lower() == "sip:"
        try:
            _refuse_unsafe(text)
            return _parse_domain(text, "sips" if secure else "sip", text[5 * secure or 4 * plain :])
        except AddressError as error:
            raise AddressError(text, error.mend, "is not a SIP domain") from error

    @property
    def host_port(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def parameter_values(self) -> dict[str, str | None]:
        """The parameters by their names in lower case, unescaped; None for a parameter without a value."""
        return _values(self.parameters)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.host_port}{self.parameters}"


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody can be reached.

    ``user``: the number without visual separators, the name, or the unescaped user part of a SIP URI (empty if it has
    none). ``domain``: None for a number or name whose domain is still to be chosen (:meth:`at`), and for a tel URI.
    ``parameters``: of the number, or of the user part, as written (``;ext=7``).
    """

    user: str
    domain: Domain | None = None
    parameters: str = ""
    tel: bool = False
    """Whether it was written as a tel URI."""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises :class:`AddressError`."""
        text = text.strip(" \t")
        if not text:
            raise AddressError(text, "write a number, or a URI with tel:, sip: or sips:")
        if len(text) > MAX_CHARACTERS:
            raise AddressError(text, f"it is longer than {MAX_CHARACTERS} characters")
        scheme = _SCHEME.match(text)
        if scheme is None:
            return _parse_sip(text, "sip", text) if "@" in text else _parse_plain(text)
        rest = text[scheme.end() :]
        match scheme[1].lower():
            case "tel":
                return _parse_tel(text, rest)
            case "sip":
                return _parse_sip(text, "sip", rest)
            case "sips":
                return _parse_sip(text, "sips", rest)
        raise AddressError(text, f"{scheme[1]}: cannot be called; write a number, or tel:, sip: or sips:")

    @property
    def number(self) -> str:
        """The telephone number without visual separators; empty if the address is not a number."""
        if self.tel:
            return self.user
        digits = without_separators(self.user)
        return digits if _NUMBER.fullmatch(digits) else ""

    def parameter_values(self) -> dict[str, str | None]:
        """The parameters of the number or user part, as in :meth:`Domain.parameter_values`."""
        return _values(self.parameters)

    def at(self, domain: Domain) -> Address:
        """This number or name in ``domain``, with a number's parameters (RFC 3261 19.1.6). A SIP URI stays as it is."""
        if self.domain is not None:
            return self
        if self.parameters and "user" not in domain.parameter_values():
            domain = replace(domain, parameters=f"{domain.parameters};user=phone")
        return Address(self.user, domain, self.parameters)

    @property
    def uri(self) -> str:
        """As written in SIP headers. Raises ValueError if there is no domain yet, see :meth:`at`."""
        if self.domain is None and not self.tel:
            raise ValueError(f"{self} has no domain: write it as a SIP URI, such as sip:{self}@pbx.example")
        return str(self)

    def __str__(self) -> str:
        if self.domain is None:
            return f"{'tel:' if self.tel else ''}{self.user}{self.parameters}"
        who = ""
        if self.user:
            who = quote(self.user, safe=_USER_SAFE) + re.sub(r"[\[\]:]", lambda c: quote(c[0]), self.parameters) + "@"
        return f"{self.domain.scheme}:{who}{self.domain.host_port}{self.domain.parameters}"


def _values(parameters: str) -> dict[str, str | None]:
    pairs = (parameter.partition("=") for parameter in parameters.split(";")[1:])
    return {unquote(name).lower(): unquote(value) if equals else None for name, equals, value in pairs}


def _parse_plain(text: str) -> Address:
    """A number with or without parameters, or a name."""
    user, semicolon, parameters = text.partition(";")
    number = without_separators(user)
    if _NUMBER.fullmatch(number):
        return Address(number, parameters=_checked(text, semicolon + parameters))
    if _NAME.fullmatch(text):
        return Address(text)
    raise AddressError(text, "write a number as +15550199, a SIP URI as sip:ada@pbx.example")


def _parse_tel(text: str, rest: str) -> Address:
    _refuse_unsafe(text)
    user, semicolon, parameters = rest.partition(";")
    number = without_separators(unquote(user))
    if not _NUMBER.fullmatch(number):
        raise AddressError(text, "tel: is followed by a number, such as tel:+1-555-0199")
    return Address(number, parameters=_checked(text, semicolon + parameters), tel=True)


def _parse_sip(text: str, scheme: Literal["sip", "sips"], rest: str) -> Address:
    _refuse_unsafe(text)
    if "?" in rest:
        raise AddressError(text, "leave out the question mark and what follows it: URI headers are not allowed")
    who, at, where = rest.rpartition("@")
    user, semicolon, parameters = who.partition(";")
    if ":" in user:
        raise AddressError(text, "leave out the password")
    if at and not _USER.fullmatch(user):
        raise AddressError(text, f"{user!r} cannot be the user part; write a SIP URI as sip:ada@pbx.example")
    return Address(_unescaped(text, user), _parse_domain(text, scheme, where), _checked(text, semicolon + parameters))


def _parse_domain(text: str, scheme: Literal["sip", "sips"], where: str) -> Domain:
    match = _DOMAIN.fullmatch(where)
    host = match["host"].lower() if match is not None else ""
    if match is None or not _is_host(host):
        number = without_separators(where)
        alone = f"; a number alone is written {number}" if _NUMBER.fullmatch(number) and "." not in where else ""
        raise AddressError(text, f"{where!r} is not a host such as pbx.example.com or [2001:db8::1]:5070{alone}")
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65_536:
        raise AddressError(text, f"there is no port {port}")
    return Domain(host, port, scheme, _checked(text, match["parameters"]))


def _is_host(host: str) -> bool:
    """Whether it is a host name or a valid IP address. Names are not looked up."""
    if not (host.startswith("[") or re.fullmatch("[0-9.]+", host)):
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _checked(text: str, parameters: str) -> str:
    if not _PARAMETERS.fullmatch(parameters):
        raise AddressError(text, f"{parameters!r} is not of the form ;name=value")
    if len(_values(parameters)) < parameters.count(";"):
        raise AddressError(text, "leave out the parameter that is written twice: nobody knows which of them counts")
    return parameters


def _unescaped(text: str, user: str) -> str:
    try:
        plain = unquote(user, errors="strict")
    except UnicodeDecodeError as error:
        raise AddressError(text, "its %-escapes are not UTF-8") from error
    if not plain.isprintable():
        raise AddressError(text, "leave out control characters, also escaped ones")
    return plain


def _refuse_unsafe(text: str) -> None:
    found = _UNSAFE.search(text)
    if found is None:
        return
    if found[0] == " ":
        raise AddressError(text, "a URI has no spaces; leave them out")
    if found[0] < " " or found[0] == "\x7f":
        raise AddressError(text, "a URI has no line breaks or other control characters; leave them out")
    raise AddressError(text, f"a URI cannot contain {found[0]!r}; leave it out, or write {quote(found[0])}")
