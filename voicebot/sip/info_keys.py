"""Keypad keys in INFO. There is no standard: these are the spellings that telephones and gateways use.

``Signal=5`` (Cisco's ``application/dtmf-relay``), a bare key (``application/dtmf``), ``d=5`` (Nortel, Linphone), each
with any case and spaces; the key as itself or as its number in RFC 4733; or the payload of RFC 4733.
"""

from __future__ import annotations

import re

from voicebot.sip.multipart import BodyPart

_EVENT_TYPE = "audio/telephone-event"
_FLASH_TYPE = "application/hook-flash"
TYPES = (
    "application/dtmf-relay",
    "application/dtmf",
    _EVENT_TYPE,
    "application/vnd.nortelnetworks.digits",
    _FLASH_TYPE,
)
_NAMES = ("signal", "d", "digit", "event")
_KEYS = "0123456789*#ABCD"
"""By their numbers in RFC 4733."""
_FLASHES = ("16", "!", "F", "FLASH", "HF", "HOOKFLASH", "HOOK-FLASH", "FLASHHOOK", "FLASH-HOOK")
_MAX_BODY = 1000


def key_in(part: BodyPart) -> str | None:
    """The key; empty for the hook flash, which is none. None if the body names nothing that we know."""
    if part.content_type == _FLASH_TYPE:
        return ""
    content = part.content or b""
    if part.content_type == _EVENT_TYPE and len(content) == 4 and content[0] < len(_KEYS):
        return _KEYS[content[0]]
    bare: list[str] = []
    for line in re.split(r"[\r\n;]", content[:_MAX_BODY].decode("utf-8", "replace")):
        name, named, value = re.sub(r"[\s\0]+", "", line).partition("=")
        if named and name.lower() in _NAMES and (key := _key(value)) is not None:
            return key
        if not named and name:
            bare.append(name)
    return _key(bare[0]) if len(bare) == 1 else None


def _key(text: str) -> str | None:
    """The key that is written so, or by its number; None if there is none."""
    text = text.strip('"').upper()
    if text in _FLASHES:
        return ""
    if len(text) == 1 and text in _KEYS:
        return text
    return _KEYS[int(text)] if text in ("10", "11", "12", "13", "14", "15") else None
