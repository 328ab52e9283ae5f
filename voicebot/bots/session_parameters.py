"""AudioCodes' ``sessionParams``: what a bot sets for the rest of the call. Pure; what makes no sense is left out.

https://techdocs.audiocodes.com/voice-ai-connect/Content/VAIG_Combined/bot-parameters.htm
"""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import urlsplit

from voicebot.events import CallConfigured, KeyCollection

MAX_PHRASES = 500
MAX_PHRASE = 100
MAX_SPEECH = 2000
MAX_URL = 2000
NO_INPUT_S = (0.5, 600.0)
END_SILENCE_S = (0.1, 10.0)
KEY_GAP_S = (0.2, 60.0)
MAX_KEYS = 64
MAX_MS = 86_400_000
"""A day, longer than any limit here; a whole number may have more digits than a fraction can hold."""


def configured(parameters: dict[str, Any], at: float) -> CallConfigured | None:
    """What ``parameters`` set; None when there is nothing of use to us."""
    if not parameters:
        return None
    phrases = parameters.get("sttContextPhrases")
    known = CallConfigured(
        at,
        phrases=_phrases(phrases) if phrases is not None else None,
        no_input_s=_patience(parameters.get("userNoInputTimeoutMS")),
        barge_in=_boolean(parameters.get("bargeIn")),
        keys_barge_in=_boolean(parameters.get("bargeInOnDTMF")),
        barge_in_words=_count(parameters.get("bargeInMinWordCount"), 50),
        end_silence_s=_end_silence(parameters),
        no_input_speech=_speech(parameters.get("userNoInputSpeech")),
        no_input_audio=_file(parameters.get("userNoInputUrl")),
        no_input_event=_no_input_event(parameters),
        no_input_retries=_count(parameters.get("userNoInputRetries"), 100),
        keys=_keys(parameters),
        language=_language(parameters.get("language")),
        voice=_name(parameters.get("voiceName")),
        hypotheses=_wants(parameters, "speechHypothesis"),
    )
    return None if known == CallConfigured(at) else known


def _phrases(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, list) else []
    return tuple(phrase[:MAX_PHRASE] for phrase in found if isinstance(phrase, str) and phrase.strip())[:MAX_PHRASES]


def _patience(milliseconds: Any) -> float | None:
    """Seconds; 0 means for ever, which is the longest that we wait."""
    seconds = _seconds(milliseconds)
    if seconds is None:
        return None
    return min(max(seconds, NO_INPUT_S[0]), NO_INPUT_S[1]) if seconds > 0 else NO_INPUT_S[1]


def _end_silence(parameters: dict[str, Any]) -> float | None:
    """Continuous recognition: a turn goes on over pauses that are shorter than this. Switched off: 0, the usual."""
    wanted = _boolean(parameters.get("continuousASR"))
    if wanted is None:
        return None
    if not wanted:
        return 0.0
    seconds = _seconds(parameters.get("continuousASRTimeoutInMS"))
    return 3.0 if seconds is None else min(max(seconds, END_SILENCE_S[0]), END_SILENCE_S[1])


def _keys(parameters: dict[str, Any]) -> KeyCollection | None:
    collect = _boolean(parameters.get("dtmfCollect"))
    if collect is None:
        return None
    if not collect:
        return KeyCollection()
    most = _count(parameters.get("dtmfCollectMaxDigits"), MAX_KEYS)
    gap = _seconds(parameters.get("dtmfCollectInterDigitTimeoutMS"))
    end = parameters.get("dtmfCollectSubmitDigit")
    return KeyCollection(
        max_keys=(most or MAX_KEYS) if most is not None else 5,
        end_key=end if isinstance(end, str) and len(end) <= 1 else "#",
        gap_s=2.0 if gap is None else min(max(gap, KEY_GAP_S[0]), KEY_GAP_S[1]),
    )


def _wants(parameters: dict[str, Any], event: str) -> bool | None:
    """Whether ``event`` is among those that the bot wants to be sent; None when it does not say."""
    wanted = parameters.get("sendEventsToBot")
    return event in wanted if isinstance(wanted, list) else None


def _no_input_event(parameters: dict[str, Any]) -> bool | None:
    said = _boolean(parameters.get("userNoInputSendEvent"))
    return said if said is not None else _wants(parameters, "noUserInput")


def _file(value: Any) -> str | None:
    """One URL, or a list of which the first is taken; ``""``: none any more."""
    value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, str) and (not value or fetchable(value)) else None


def fetchable(url: str) -> bool:
    """Whether a file may be fetched there at all."""
    if len(url) > MAX_URL:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _speech(value: Any) -> str | None:
    """One text, or a list of which the first is taken."""
    value = value[0] if isinstance(value, list) and value else value
    return value[:MAX_SPEECH] if isinstance(value, str) else None


def _name(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 100 and value.replace("-", "").isalnum() else ""


def _language(value: Any) -> str:
    return value if isinstance(value, str) and re.fullmatch(r"[a-z]{2,3}-[A-Z]{2}", value) else ""


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: Any, most: int) -> int | None:
    return min(value, most) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _seconds(milliseconds: Any) -> float | None:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    if isinstance(milliseconds, float) and not math.isfinite(milliseconds):
        return None
    return min(max(milliseconds, 0), MAX_MS) / 1000
