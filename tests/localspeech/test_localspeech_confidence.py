from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.localspeech.confidence import Heard, Measures, confidence

LOGS = st.floats(-500, 0)
LEADS = st.floats(-500, 500)


@given(LOGS, LOGS, LEADS, LEADS)
def test_what_is_likelier_and_what_leads_by_more_is_surer(
    mean: float, more: float, lead: float, further: float
) -> None:
    low, high = sorted((mean, more))
    near, far = sorted((lead, further))
    assert 0 <= confidence(Measures(low, near)) <= confidence(Measures(high, near)) <= 1
    assert confidence(Measures(low, near)) <= confidence(Measures(low, far))


def test_clear_words_are_sure_and_a_coin_toss_is_not() -> None:
    assert confidence(Measures(-0.01, 5.0)) > 0.95
    assert confidence(Measures(-0.7, 0.0)) < 0.6


@given(st.lists(st.floats(-800, 0), min_size=1, max_size=6), LOGS, LEADS)
def test_all_that_may_have_been_said_shares_one_confidence(likely: list[float], mean: float, lead: float) -> None:
    texts = {f"Text {number}.": one for number, one in enumerate(likely)}
    transcript = Heard(texts, Measures(mean, lead)).transcript()
    assert [transcript.text, *(other.text for other in transcript.others)] == list(texts)
    rest = [other.confidence for other in transcript.others]
    assert transcript.confidence + sum(rest) <= 1 + 1e-6
    assert all(one >= 0 for one in rest)


def test_where_there_may_be_no_words_nothing_is_likelier_than_that_there_are_some() -> None:
    heard = Heard({"You.": -1.0, "Zero.": -2.0}, Measures(-0.5, -3.0, words=0.3)).transcript()
    assert heard.confidence + heard.others[0].confidence == pytest.approx(0.3)


def test_the_likelier_of_the_others_gets_more() -> None:
    heard = Heard({"Yes.": -1.0, "Yeah.": -2.0, "No.": -4.0}, Measures(-0.5, 1.0))
    yeah, no = heard.transcript().others
    assert yeah.confidence > no.confidence > 0
    assert yeah.confidence + no.confidence == pytest.approx(1 - heard.transcript().confidence)
