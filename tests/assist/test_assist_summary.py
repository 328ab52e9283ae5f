from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from language_faults import KEY, FaultyLanguage

from voicebot.assist.analysis import AnalysisUnavailable, SpokenLine
from voicebot.assist.analysis_client import LanguageClient
from voicebot.assist.endpoints import LanguageEndpoint
from voicebot.assist.summary import MAX_LINES, MAX_POINT, MAX_POINTS, ExtractiveSummariser, open_points, promised
from voicebot.events.parties import Role

CALL = [
    (Role.AGENT, "Good morning, my name is Ann. How can I help you?"),
    (Role.CALLER, "Hello. My internet has been down since Monday, and the router blinks red."),
    (Role.AGENT, "I'm sorry to hear that. I'll just check the line, one moment please."),
    (Role.CALLER, "Okay."),
    (Role.AGENT, "I don't know yet when the outage ends."),
    (Role.CALLER, "And I was charged for the whole month."),
    (
        Role.AGENT,
        "I have credited twenty dollars to your account. A technician will come on Thursday between nine and eleven.",
    ),
    (Role.CALLER, "Thank you. I still need to ask my wife about Thursday."),
    (Role.AGENT, "Fine. We'll call you back tomorrow. Is there anything else?"),
    (Role.CALLER, "No, thank you, bye."),
]


def lines(call: list[tuple[Role, str]] = CALL, language: str = "en-US") -> list[SpokenLine]:
    return [SpokenLine(f"u{number}", role.value, role, text, language) for number, (role, text) in enumerate(call)]


@pytest.fixture
async def service() -> AsyncIterator[FaultyLanguage]:
    async with FaultyLanguage() as service:
        yield service


@pytest.fixture
async def summariser(service: FaultyLanguage) -> AsyncIterator[ExtractiveSummariser]:
    client = LanguageClient(lambda: LanguageEndpoint(service.url, KEY))
    await client.start()
    yield ExtractiveSummariser(client)
    await client.close()


async def test_reason_promises_and_open_points_are_sentences_of_the_call(summariser: ExtractiveSummariser) -> None:
    summary = await summariser.summary(lines())
    assert summary.reason.startswith("My internet has been down since Monday, and the router blinks red.")
    assert summary.promised == (
        "I have credited twenty dollars to your account.",
        "A technician will come on Thursday between nine and eleven.",
        "We'll call you back tomorrow.",
    )
    assert summary.open_points == (
        "I don't know yet when the outage ends.",
        "I still need to ask my wife about Thursday.",
        "We'll call you back tomorrow.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "You will receive an email within an hour.",
        "I'll send you the form.",
        "We're going to refund the amount.",
        "I've ordered a replacement for you.",
        "Your refund will arrive in five days.",
        "I will let you know.",
    ],
)
def test_what_the_agent_promises(text: str) -> None:
    assert promised(lines([(Role.AGENT, text)])) == (text,)
    assert promised(lines([(Role.CALLER, text)])) == ()


@pytest.mark.parametrize(
    "text",
    [
        "I'll check that for you.",
        "I will put you on hold for a minute.",
        "You should have the number on the card.",
        "I'll transfer you to my colleague.",
        "How can I help you?",
    ],
)
def test_what_is_done_in_the_call_is_no_promise(text: str) -> None:
    assert promised(lines([(Role.AGENT, text)])) == () or "should have" in text


@pytest.mark.parametrize(
    "text",
    [
        "Please send us a copy.",
        "I have to talk to my husband first.",
        "We're looking into it.",
        "I can't say when yet.",
    ],
)
def test_what_is_left_open(text: str) -> None:
    assert open_points(lines([(Role.OTHER, text)])) == (text,)


async def test_a_call_in_which_nobody_spoke_has_an_empty_summary(summariser: ExtractiveSummariser) -> None:
    summary = await summariser.summary([])
    assert (summary.reason, summary.promised, summary.open_points) == ("", (), ())


async def test_a_language_that_the_service_does_not_know_is_said(summariser: ExtractiveSummariser) -> None:
    with pytest.raises(AnalysisUnavailable, match="de-DE"):
        await summariser.summary(lines([(Role.CALLER, "Mein Internet geht nicht.")], "de-DE"))


async def test_the_summary_of_an_endless_call_is_bounded(summariser: ExtractiveSummariser) -> None:
    told = "I'll send you number {} " + "very " * 100 + "soon."
    call = [(Role.AGENT, told.format(number)) for number in range(MAX_LINES * 2)]
    summary = await summariser.summary(lines([(Role.CALLER, "My phone is broken and I want a new one."), *call]))
    assert summary.reason == "My phone is broken and I want a new one."
    assert len(summary.promised) == MAX_POINTS
    assert all(len(one) <= MAX_POINT for one in summary.promised)
    assert f"number {MAX_LINES * 2 - 1} " in summary.promised[-1]


async def test_a_service_that_is_away_is_said(service: FaultyLanguage, summariser: ExtractiveSummariser) -> None:
    service.faults = [(500, {})]
    with pytest.raises(AnalysisUnavailable, match="500"):
        await summariser.summary(lines())
