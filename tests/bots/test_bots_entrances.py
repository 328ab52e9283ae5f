"""What a bot sends is heard the same on every way to a bot: one table of activities, through each channel."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bot_entrances import ENTRANCES, Activity, Entrance
from callers import Caller

from voicebot.bots import activities
from voicebot.bots.interpretation import Interpreter
from voicebot.events import BotDone, BotFailed, BotMessage, CallConfigured, Event, MessageAnnounced

LOCALE = "en-US"
"""Of the call."""
FIELD = Path(__file__).parents[1] / "field" / "activities"


def card(*body: Activity, kind: str = "adaptive", **more: Any) -> Activity:
    content = {"type": "AdaptiveCard", "version": "1.5", "body": list(body), **more} if kind == "adaptive" else more
    return {"contentType": f"application/vnd.microsoft.card.{kind}", "content": content}


def block(text: str) -> Activity:
    return {"type": "TextBlock", "text": text}


def text(words: str, **more: Any) -> Activity:
    return {"type": "message", "text": words, **more}


def part(number: int, words: str, *, kind: str = "streaming", chunk: str = "", **more: Any) -> Activity:
    """A part of a text that is streamed."""
    info = {"type": "streaminfo", "streamId": "s1", "streamType": kind, "streamSequence": number}
    entity = info | ({"chunkType": chunk} if chunk else {})
    return {"type": "typing", "text": words, "entities": [entity], **more}


def whole(number: int, words: str, **more: Any) -> Activity:
    """The end of one."""
    return part(number, words, kind="final", **more) | {"type": "message"}


def asking(name: str, wanted: str = "activityParams", **parameters: Any) -> Activity:
    """An event in AudioCodes' way."""
    return {"type": "event", "name": name, "channelData": {wanted: parameters}}


PICTURE = {"type": "openUrl", "title": "Photos", "value": "https://hotel.example/photos"}
HERO = card(
    kind="hero",
    title="Sea view",
    text="Large and quiet.",
    buttons=[{"type": "imBack", "title": "Book it", "value": "book"}, PICTURE],
)
RECEIPT = card(kind="receipt", title="Your stay", items=[{"title": "Two nights", "price": "$240"}], total="$240")
FACTS = {"type": "FactSet", "facts": [{"title": "Room", "value": "12"}, {"title": "Nights", "value": "3"}]}
ROWS = [
    {"type": "TableRow", "cells": [{"type": "TableCell", "items": [block(words)]} for words in row]}
    for row in (("Day", "Opens"), ("Monday", "nine"))
]
TABLE = {"type": "Table", "columns": [{"width": 1}, {"width": 1}], "rows": ROWS}
INLINES = {"type": "RichTextBlock", "inlines": ["Breakfast ", {"type": "TextRun", "text": "is free."}]}
CHOICES = {"actions": [{"type": "imBack", "title": "Single", "value": "s"}, PICTURE]}
CITED = {
    "type": "https://schema.org/Message",
    "@type": "Message",
    "@context": "https://schema.org",
    "citation": [{"@type": "Claim", "position": 1, "appearance": {"@type": "DigitalDocument", "name": "Spa.pdf"}}],
}
SSML = '<speak version="1.0" xml:lang="en-US">Room <say-as interpret-as="digits">12</say-as> &amp; breakfast.</speak>'
SILENCE = {
    "botNoInputTimeoutMS": 3000,
    "botNoInputSpeech": "Still looking.",
    "botNoInputRetries": 2,
    "botNoInputGiveUpTimeoutMS": 20000,
}
RECORDING = "channel/vnd.microsoft.telephony.recording.start"

REPORTED = {
    file.stem: [json.loads(file.read_text(encoding="utf-8"))["activity"]] for file in sorted(FIELD.glob("*.json"))
}
CASES: dict[str, list[Activity]] = {
    **REPORTED,
    # text and cards
    "text and a hero card": [text("Here is a room.", attachments=[HERO])],
    "a receipt alone": [{"type": "message", "attachments": [RECEIPT]}],
    "text, facts and a table": [text("Your stay:", attachments=[card(FACTS, TABLE)])],
    "rich text": [{"type": "message", "attachments": [card(INLINES)]}],
    "cards in two languages": [text("Two.", attachments=[card(block("Room 1")), card(block("Chambre 2"), lang="fr")])],
    "speech beside a card": [text("See the card.", speak="One room is free.", attachments=[card(block("Room 12"))])],
    "actions that lead to pages are not offered": [text("Which one?", suggestedActions=CHOICES)],
    # speech
    "a fragment of SSML": [text("x", speak="Wait <break time='300ms'/> please &amp; listen.")],
    "a document of SSML": [text("x", speak=SSML)],
    "SSML that is cut off": [text("x", speak="<speak>One room <emphasis>only")],
    "speech that is empty": [text("Only to be read.", speak="")],
    # how text is written
    "plain text": [text("2 * 3 * 4 is _24_ [sic].", textFormat="plain")],
    "text as XML": [text("Tea &amp; <b>coffee</b>.", textFormat="xml")],
    "text in other scripts": [text("Grüße, 東京 и мир 🏨: 10 € – “ja”.\u2028Bye.")],
    "a long text": [text("This is a sentence of a text that does not end. " * 120)],
    "lines": [text("One.\r\n\r\n1. Two\r\n2. Three\n\n| a | b |\n|---|---|\n| c | d |")],
    # citations
    "cited as the activity says": [text("The spa is free [1].", entities=[CITED])],
    "cited as documents": [text("It closes at ten [doc1][doc2]. Ask us【4:0†house.pdf】.")],
    # language
    "another language": [text("Guten Tag, Zimmer zwölf.", locale="de-DE")],
    "another language, spoken": [text("x", speak="Bonjour, chambre douze.", locale="fr-FR")],
    "two languages": [text("Zimmer zwölf.", locale="de-DE"), text("Room twelve.")],
    # several
    "in order": [text(f"Number {number}.") for number in range(12)],
    "the same words twice": [text("Please hold."), text("Please hold.")],
    "what needs no voice": [{"type": "typing"}, {"type": "trace", "name": "x"}, text("Here.")],
    "the last one asks": [text("Room 12 is free."), text("Do you want it?", inputHint="expectingInput")],
    "hints": [text("Listen.", inputHint="ignoringInput"), text("Speak.", inputHint="acceptingInput")],
    # streams
    "a text that is streamed": [part(1, "Let me"), part(2, "Let me see. You"), whole(3, "Let me see. You said room.")],
    "a stream with words about it": [
        part(1, "Searching...", kind="informative"),
        part(2, "Found it. "),
        whole(3, "Found it. Room 12."),
    ],
    "a stream whose parts share an id": [
        part(1, "One. ", id="s1"),
        part(2, "One. Two. ", id="s1"),
        part(3, "One. Two. Three. ", id="s1"),
        whole(4, "One. Two. Three. Four.", id="s1"),
    ],
    "a stream that tells only what is new": [
        part(1, "One. ", chunk="delta"),
        part(2, "Two. ", chunk="delta"),
        whole(3, "One. Two. Three."),
    ],
    "a stream by its channel data": [
        {"type": "typing", "text": "Yes. ", "channelData": {"streamType": "streaming", "streamId": "s3"}},
        text("Yes. Room 12.", channelData={"streamType": "final", "streamId": "s3"}),
    ],
    "a stream in another language": [
        part(1, "Ja. Zimmer", locale="de-DE"),
        whole(2, "Ja. Zimmer zwölf.", locale="de-DE"),
    ],
    # AudioCodes
    "what covers its silence": [asking("config", "sessionParams", **SILENCE)],
    "what covers its silence, in the value": [{"type": "event", "name": "config", "value": {"sessionParams": SILENCE}}],
    "what covers its silence, in a message": [text("One moment.", channelData={"sessionParams": SILENCE})],
    "another message is announced": [text("I am looking."), {"type": "event", "name": "expectAnotherBotMessage"}],
    "another message is announced by the one before": [
        text("I am looking.", channelData={"activityParams": {"expectAnotherBotMessage": True}})
    ],
    "a file": [asking("playUrl", playUrlUrl="https://hotel.example/a.wav", playUrlAltText="Music")],
    "what is expected": [asking("config", "sessionParams", sttContextPhrases=["suite"], language="de-DE")],
    "a transfer in AudioCodes' way": [asking("transfer", transferTarget="tel:+14255550123")],
    "keys": [asking("sendDtmf", dtmfDigits="12#")],
    "metadata": [{"type": "event", "name": "sendMetaData", "value": {"ticket": 7, "tags": ["a", None]}}],
    # what is no speech
    "a transfer": [
        text("One moment."),
        {"type": "event", "name": "handoff.initiate", "value": {"TargetPhoneNumber": "+14255550123"}},
    ],
    "a recording": [{"type": "command", "name": RECORDING, "value": {"commandId": "c1"}}],
    "the end": [text("Goodbye."), {"type": "endOfConversation", "code": "completedSuccessfully"}],
}


def meant(sent: list[Activity], *, ours: bool) -> list[Event]:
    """What ``sent`` stands for by itself."""
    return one_after_another({"": sent}, ours=ours)[""]


def one_after_another(sent: dict[str, list[Activity]], *, ours: bool) -> dict[str, list[Event]]:
    """What the activities stand for, by case, as the answers of one conversation, because what a bot offers holds
    until its next turn."""
    interpreter = Interpreter(files=ours)
    wanted = {}
    for request, (name, activities_sent) in enumerate(sent.items(), 1):
        events = [event for activity in activities_sent for event in interpreter.events(activity, request, 0.0)]
        wanted[name] = heard([*events, *interpreter.finished(request, 0.0)])
    return wanted


def heard(events: list[Event]) -> list[Event]:
    """``events`` without what differs from call to call. A message without a language is in that of the call."""
    return [
        replace(event, at=0.0, request=0, locale=event.locale or LOCALE)
        if isinstance(event, BotMessage)
        else replace(event, at=0.0)
        for event in events
        if not isinstance(event, BotDone)
    ]


ON_VIRTUAL_TIME = [
    pytest.param(entrance, id=name, marks=[] if entrance.ours else pytest.mark.virtual_time)
    for name, entrance in ENTRANCES.items()
]
"""Where the protocol does not say when a bot has finished, a moment's quiet does: however busy the machine, there is
none in the midst of an answer. Our host is another process."""


@pytest.mark.parametrize("entrance", ON_VIRTUAL_TIME)
async def test_what_a_bot_sends_is_heard_the_same_by_every_way_to_it(entrance: Entrance, tmp_path: Path) -> None:
    got: dict[str, list[Event]] = {}
    async with entrance.open(CASES, tmp_path) as channel:
        caller = Caller(channel)
        caller.conversation.begin()
        await caller.until_done()
        for name in CASES:
            got[name] = heard(await caller.ask(activities.user_message(name)))
    wanted = one_after_another({name: entrance.lets_through(sent) for name, sent in CASES.items()}, ours=entrance.ours)
    assert {name: events for name, events in got.items() if events != wanted[name]} == {}


def test_every_case_means_something() -> None:
    for name, sent in CASES.items():
        events = meant(sent, ours=False)
        assert events, name
        assert not any(isinstance(event, BotFailed) for event in events)
    assert MessageAnnounced(0.0) in meant(CASES["another message is announced"], ours=False)
    (covers,) = meant(CASES["what covers its silence"], ours=False)
    assert isinstance(covers, CallConfigured)
    assert (covers.masking_s, covers.masking_text, covers.masking_retries) == (3.0, "Still looking.", 2)
    languages = [e.locale for e in meant(CASES["cards in two languages"], ours=False) if isinstance(e, BotMessage)]
    assert languages == [LOCALE, "fr"]
