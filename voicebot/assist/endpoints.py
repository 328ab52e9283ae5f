"""Where the services are that the analysis asks. Apart from the client, so that the settings do not load the SDK."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LanguageEndpoint:
    """Where the language service is: ``https://name.cognitiveservices.azure.com``, or our own process."""

    url: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChatEndpoint:
    """A language model. ``url``: what ``/chat/completions`` is appended to, such as ``https://api.openai.com/v1`` or
    ``https://name.openai.azure.com/openai/v1``. ``timeout_s``: for a whole summary."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout_s: float = 30.0
