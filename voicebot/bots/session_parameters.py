"""AudioCodes' ``sessionParams``: what a bot sets for the rest of the call. Pure; invalid values are left out.

https://techdocs.audiocodes.com/voice-ai-connect/Content/VAIG_Combined/bot-parameters.htm
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from voicebot.bots.expected_answers import expected_answer
from voicebot.events import CallConfigured, KeyCollection, Pace
from voicebot.json_body import number_within
from voicebot.speech_markup import fit_for_speech
from voicebot.telephony_channel import NO_INPUT

MAX_PHRASES = 500
MAX_PHRASE = 100
MAX_SPEECH = 2000
MAX_URL = 2000
NO_INPUT_S = (0.5, 600.0)
END_SILENCE_S = (0.1, 10.0)
KEY_GAP_S = (0.2, 60.0)
MAX_KEYS = 64


def configured(parameters: dict[str, Any], at: float) -> CallConfigured | None:
    """The settings in ``parameters`` that we support; None when there are none."""
    if not parameters:
        return None
    phrases = parameters.get("sttContextPhrases")
    known = CallConfigured(
        at,
        phrases=_phrases(phrases) if phrases is not None else None,
        answer=expected_answer(parameters.get("expectedAnswer")),
        pace=_pace(parameters.get("turnPace")),
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
        late_end_key=_key(parameters.get("lateEndKey")),
        language=_language(parameters.get("language")),
        voice=_name(parameters.get("voiceName")),
        hypotheses=_wants(parameters, "speechHypothesis"),
        masking_s=_patience(parameters.get("botNoInputTimeoutMS")),
        masking_text=_speech(parameters.get("botNoInputSpeech")) or "",
        masking_audio=_file(parameters.get("botNoInputUrl")),
        masking_retries=_count(parameters.get("botNoInputRetries"), 100),
        still_there=_speech(parameters.get("stillThereSpeech")),
        bot_give_up_s=_seconds(parameters.get("botNoInputGiveUpTimeoutMS"), (0.0, NO_INPUT_S[1])),
    )
    return None if known == CallConfigured(at) else known


def _pace(value: Any) -> Pace | None:
    return Pace(value) if value in list(Pace) else None


def _phrases(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, list) else []
    return tuple(phrase[:MAX_PHRASE] for phrase in found[:MAX_PHRASES] if isinstance(phrase, str) and phrase.strip())


def _patience(milliseconds: Any) -> float | None:
    """Seconds of silence, of the caller or the bot. 0 means no limit, for which the longest that we allow is taken."""
    seconds = _seconds(milliseconds, (0.0, NO_INPUT_S[1]))
    if seconds is None:
        return None
    return max(seconds, NO_INPUT_S[0]) if seconds > 0 else NO_INPUT_S[1]


def _end_silence(parameters: dict[str, Any]) -> float | None:
    """Continuous recognition: the shortest pause, in seconds, that ends a turn. Switched off: 0, that of the policy."""
    wanted = _boolean(parameters.get("continuousASR"))
    if wanted is None:
        return None
    if not wanted:
        return 0.0
    seconds = _seconds(parameters.get("continuousASRTimeoutInMS"), END_SILENCE_S)
    return 3.0 if seconds is None else seconds


def _keys(parameters: dict[str, Any]) -> KeyCollection | None:
    collect = _boolean(parameters.get("dtmfCollect"))
    if collect is None:
        return None
    if not collect:
        return KeyCollection()
    most = _count(parameters.get("dtmfCollectMaxDigits"), MAX_KEYS)
    gap = _seconds(parameters.get("dtmfCollectInterDigitTimeoutMS"), KEY_GAP_S)
    end = parameters.get("dtmfCollectSubmitDigit")
    return KeyCollection(
        max_keys=(most or MAX_KEYS) if most is not None else 5,
        end_key=end if isinstance(end, str) and len(end) <= 1 else "#",
        gap_s=2.0 if gap is None else gap,
    )


def _key(value: Any) -> str:
    return value if isinstance(value, str) and len(value) == 1 else ""


def _wants(parameters: dict[str, Any], event: str) -> bool | None:
    """Whether the bot asks for ``event``; None when it does not say which events it wants."""
    wanted = parameters.get("sendEventsToBot")
    return event in wanted if isinstance(wanted, list) else None


def _no_input_event(parameters: dict[str, Any]) -> bool | None:
    said = _boolean(parameters.get("userNoInputSendEvent"))
    return said if said is not None else _wants(parameters, NO_INPUT)


def _file(value: Any) -> str | None:
    """One URL, or the first of a list; ``""``: no file from now on."""
    value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, str) and (not value or fetchable(value)) else None


def fetchable(url: str) -> bool:
    """Whether ``url`` is an HTTP address from which a file may be fetched."""
    if len(url) > MAX_URL:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _speech(value: Any) -> str | None:
    """One text, or the first of a list; plain, or SSML."""
    value = value[0] if isinstance(value, list) and value else value
    return fit_for_speech(value[:MAX_SPEECH]).speak if isinstance(value, str) else None


def _name(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 100 and value.replace("-", "").isalnum() else ""


def _language(value: Any) -> str:
    return value if isinstance(value, str) and re.fullmatch(r"[a-z]{2,3}-[A-Z]{2}", value) else ""


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: Any, most: int) -> int | None:
    return min(value, most) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _seconds(milliseconds: Any, bounds: tuple[float, float]) -> float | None:
    """``milliseconds`` in seconds, within ``bounds``; None for no number."""
    found = number_within(milliseconds, bounds[0] * 1000, bounds[1] * 1000)
    return None if found is None else found / 1000
