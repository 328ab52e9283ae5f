"""Fuzz targets: what bots and the services between us and them send."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from voicebot.bearer_tokens import BearerTokens, NotAuthorized
from voicebot.bots import CallFacts, connector
from voicebot.bots.connector_conversation import ConnectorConversation, ConnectorTerms
from voicebot.bots.direct_line_feed import DirectLineFeed
from voicebot.bots.interpretation import Interpreter
from voicebot.bots.server_sent_events import EventStream
from voicebot.bots.streaming_frames import ProtocolError, StreamingDecoder
from voicebot.events import BotMessage
from voicebot.localspeech import framing
from voicebot.localspeech import ssml as spoken_document
from voicebot.speech import ssml
from voicebot.speech.recognition_results import alternatives, recognition_status

LOOP = asyncio.new_event_loop()
CALL = CallFacts("call", "+15550100", "+15550199")
TERMS = ConnectorTerms("http://127.0.0.1:3980", "telephony", 10.0)
TOKENS = BearerTokens("http://127.0.0.1:1/", ["issuer"], "us")


def _json(data: bytes) -> Any:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(data)
    return None


def _said(events: list[Any]) -> None:
    """What a bot says is rendered: our document must be XML, or the speech service speaks none of it."""
    for event in events:
        if isinstance(event, BotMessage):
            text = ssml.document(event.speak, voice="en-US-JoeNeural", language="en-US")
            ssml.plain_text(event.speak)
            ElementTree.fromstring(text)


def activity(data: bytes) -> None:
    """Activities, one a line, as answers to one request; what they say becomes a document for the synthesiser."""
    interpreter = Interpreter()
    for line in data.split(b"\n")[:20]:
        _said(interpreter.events(_json(line), 1, 0.0))
    _said(interpreter.finished(1, 0.0))


def connector_(data: bytes) -> None:
    """A request of a bot: verb, path, and a body."""
    head, _, content = data.partition(b"\n")
    verb, _, path = head.decode("latin-1").partition(" ")
    body = _json(content)
    LOOP.run_until_complete(_request(verb, path, body))


async def _request(verb: str, path: str, body: Any) -> None:
    async def deliver(*_: Any) -> None: ...

    conversation = ConnectorConversation(CALL, lambda event: None, TERMS, deliver, lambda _: None)
    connector.wish(body)
    parts = connector.route(path)
    if parts is not None:
        answer = connector.answer(conversation, verb, parts.rest, body, "key")
        assert 200 <= answer.status < 600
    await conversation.close("caller")
    await conversation.over()


def direct_line(data: bytes) -> None:
    """Frames of the stream, one a line."""
    feed = DirectLineFeed("user")
    for line in data.split(b"\n")[:20]:
        assert all(isinstance(one, dict) for one in feed.frame(line.decode("utf-8", "replace")))


def streaming(data: bytes) -> None:
    """Frames of the Bot Framework streaming protocol, in two pieces as in one."""
    decoder = StreamingDecoder()
    with contextlib.suppress(ProtocolError):
        decoder.feed(data[: len(data) // 2])
        decoder.feed(data[len(data) // 2 :])


def server_sent_events(data: bytes) -> None:
    """However the bytes are cut, the events are the same."""
    whole, pieces = EventStream(), EventStream()
    assert whole.feed(data) == [event for at in range(len(data)) for event in pieces.feed(data[at : at + 1])]


def token(data: bytes) -> None:
    """The Authorization header of who claims to be a bot."""
    with contextlib.suppress(NotAuthorized):
        LOOP.run_until_complete(TOKENS.claims(data.decode("latin-1")))


def speech_result(data: bytes) -> None:
    """The details of a recognition result, as the service words them."""
    text = data.decode("utf-8", "replace")
    alternatives(text)
    recognition_status(text)


def speech_message(data: bytes) -> None:
    """What a client of the offline speech service sends: text and binary frames, and the document to be spoken."""
    with contextlib.suppress(framing.FramingError):
        framing.parse_binary(data).json()
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(framing.FramingError):
        framing.parse_text(text).json()
    with contextlib.suppress(spoken_document.InvalidSsml):
        spoken_document.parse(text)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "activity": activity,
    "connector": connector_,
    "direct_line": direct_line,
    "streaming": streaming,
    "server_sent_events": server_sent_events,
    "token": token,
    "speech_result": speech_result,
    "speech_message": speech_message,
}
