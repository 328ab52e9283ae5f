"""The body of ``speech.phrase``: what was recognised, as the service writes it."""

from __future__ import annotations

from typing import Any

from voicebot.localspeech.engines import Transcript
from voicebot.localspeech.expected import lexical


def phrase_result(identity: str, result: Transcript, times: dict[str, Any], mode: str, commit: str) -> dict[str, Any]:
    """``times``: ``Offset`` and ``Duration`` in the protocol's units; ``commit``: the token of the client's wish that
    has ended the phrase, or ``""``.

    The service gives ``NBest`` in its detailed format only; the SDK ignores it otherwise, and whoever reads the JSON
    has a confidence.
    """
    body: dict[str, Any] = {"Id": identity, "RecognitionStatus": "Success" if result.text else "NoMatch"}
    if result.text:
        body["DisplayText"] = result.text
    body |= {**times, "Channel": 0}
    if commit:
        body["clientAudioMetadata"] = {"X-Client-Commit-Token": commit}
    if result.text:
        body["Type"] = "ConversationTranscription" if mode == "conversation" else "Recognition"
        body["NBest"] = [_alternative(one) for one in (result, *result.others)]
    return body


def _alternative(transcript: Transcript) -> dict[str, Any]:
    """An entry of ``NBest``."""
    words = lexical(transcript.text)
    spoken = lexical(transcript.spoken) or words
    confidence = round(min(max(transcript.confidence, 0.0), 1.0), 4)
    return {"Confidence": confidence, "Lexical": spoken, "ITN": words, "MaskedITN": words, "Display": transcript.text}
