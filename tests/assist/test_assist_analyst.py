"""The analysis of a call, put together: the sample's rules and articles, and the real offline service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from language_faults import KEY, FaultyLanguage

from voicebot.assist.analysis import Analysis, AnalysisUnavailable, CallAnalyst, PauseAsked, SpokenLine
from voicebot.assist.analysis_client import LanguageClient
from voicebot.assist.analyst import AnalysisOptions, InvalidFolder, ServiceAnalysis
from voicebot.assist.endpoints import LanguageEndpoint
from voicebot.assist.entries import ChecklistItem, KeyPhrases, Mood, Sentiment, Suggestion
from voicebot.assist.summary import ExtractiveSummariser
from voicebot.events.parties import Role

SAMPLE = Path(__file__).resolve().parents[2] / "assist"


def line(text: str, role: Role = Role.CALLER, utterance: str = "u1") -> SpokenLine:
    return SpokenLine(utterance, role.value, role, text, "en-US")


@pytest.fixture
async def service() -> AsyncIterator[FaultyLanguage]:
    async with FaultyLanguage() as service:
        yield service


@pytest.fixture
async def analysis(service: FaultyLanguage) -> AsyncIterator[Analysis]:
    client = LanguageClient(lambda: LanguageEndpoint(service.url, KEY))
    analysis = ServiceAnalysis(AnalysisOptions(SAMPLE), client, ExtractiveSummariser(client))
    await client.start()
    await analysis.start()
    service.asked.clear()
    yield analysis
    await client.close()


@pytest.fixture
async def call(analysis: Analysis) -> AsyncIterator[CallAnalyst]:
    call = analysis.of_call("call-1", lambda _: None)
    yield call
    await call.close()


async def test_an_utterance_has_its_mood_and_the_trend_of_its_party(call: CallAnalyst) -> None:
    moods = []
    for number, (text, role) in enumerate(
        [
            ("This is ridiculous, nobody ever called me back.", Role.CALLER),
            ("I'm very sorry to hear that.", Role.AGENT),
            ("And it still doesn't work.", Role.CALLER),
            ("Perfect, thank you so much, you've been a great help.", Role.CALLER),
        ]
    ):
        found = await call.analyse(line(text, role, f"u{number}"))
        moods += [one for one in found if isinstance(one, Mood)]
    assert [mood.utterance_id for mood in moods] == ["u0", "u1", "u2", "u3"]
    assert [mood.sentiment for mood in moods][::2] == [Sentiment.NEGATIVE, Sentiment.NEGATIVE]
    assert moods[3].sentiment is Sentiment.POSITIVE
    assert moods[2].trend < moods[0].trend < 0, "the caller's gets worse"
    assert moods[2].trend < moods[3].trend < moods[3].score, "and better, by and by"
    assert -0.3 < moods[1].trend < 0.3, "the agent's is another"


async def test_an_utterance_has_key_phrases_and_a_bare_answer_is_not_even_sent(
    call: CallAnalyst, service: FaultyLanguage
) -> None:
    found = await call.analyse(line("The power supply is broken."))
    assert [one.phrases for one in found if isinstance(one, KeyPhrases)] == [("power supply", "broken")]
    sent = len(service.asked)
    assert await call.analyse(line("Yes, please.")) == []
    assert len(service.asked) == sent


async def test_an_article_is_suggested_once_and_not_for_what_the_agent_says(call: CallAnalyst) -> None:
    assert await call.suggest(line("The router blinks red.", Role.AGENT)) == []
    (found,) = await call.suggest(line("My router blinks red.", utterance="u3"))
    assert (found.title, found.source, found.utterance_id) == (
        "The router blinks red",
        "faults.md, The router blinks red",
        "u3",
    )
    assert found.text.startswith("A red light means")
    assert found.score is not None and found.score >= 1
    assert await call.suggest(line("It blinks red, the router.")) == []


async def test_rules_and_checklist(call: CallAnalyst) -> None:
    assert [item.done_by for item in call.begin([])] == [""] * 4
    (ticked,) = call.heard(line("Good morning, my name is Ann.", Role.AGENT), partial=False)
    assert ticked == ChecklistItem("says-the-own-name", "Says the own name", "u1")
    assert call.heard(line("My name is Ann.", Role.AGENT), partial=True) == []
    assert call.heard(line("And your card number?", Role.AGENT, "u2"), partial=True) == [PauseAsked("Card number")]
    (shown,) = call.heard(line("I want to cancel my contract."), partial=False)
    assert isinstance(shown, Suggestion) and shown.source == "rules.yaml, Wants to leave"
    assert call.tick("asks-whether-there-is-anything-else") is not None
    assert [bool(item.done_by) for item in call.begin([])] == [True, False, False, True]


async def test_the_agent_can_search_the_articles(analysis: Analysis) -> None:
    found = analysis.search("refund")
    assert found[0].source == "bills.md, Refunds"
    assert analysis.search("zebra") == []


async def test_calls_know_nothing_of_each_other(analysis: Analysis, call: CallAnalyst) -> None:
    other = analysis.of_call("call-2", lambda _: None)
    assert await call.suggest(line("My router blinks red."))
    assert await other.suggest(line("My router blinks red."))
    call.tick("says-the-own-name")
    assert other.tick("says-the-own-name") is not None


async def test_a_service_that_is_away_takes_neither_rules_nor_articles_with_it(
    call: CallAnalyst, service: FaultyLanguage
) -> None:
    service.faults = [(500, {})]
    for ask in (call.analyse(line("The power supply is broken.")), call.summary([line("My router blinks red.")])):
        with pytest.raises(AnalysisUnavailable, match="500"):
            await ask
    assert await call.suggest(line("My router blinks red."))
    assert call.heard(line("I want to cancel my contract."), partial=False)


async def test_the_summary(call: CallAnalyst) -> None:
    summary = await call.summary([line("My router blinks red since Monday."), line("I'll send you one.", Role.AGENT)])
    assert (summary.reason, summary.promised) == ("My router blinks red since Monday.", ("I'll send you one.",))


async def test_every_part_may_be_missing() -> None:
    analysis = ServiceAnalysis(AnalysisOptions())
    await analysis.start()
    call = analysis.of_call("call-1", lambda _: None)
    assert call.begin([]) == []
    assert call.heard(line("cancel my contract"), partial=False) == []
    assert await call.analyse(line("This is a terrible service.")) == []
    assert await call.suggest(line("My router blinks red.")) == []
    with pytest.raises(AnalysisUnavailable):
        await call.summary([])
    await call.close()


async def test_all_faults_of_the_folder_are_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "a.md").write_bytes(b"\xff")
    (tmp_path / "rules.yaml").write_text("rules:\n  - rule: A\n    caller says: x\n")
    with pytest.raises(InvalidFolder) as refused:
        await ServiceAnalysis(AnalysisOptions(tmp_path)).start()
    assert str(refused.value).splitlines() == [
        f"{tmp_path}/rules.yaml:2:5: the rule does nothing (add show: or listening:)",
        f"{tmp_path}/knowledge/a.md:1:1: it is not UTF-8 (save the file as UTF-8)",
    ]
