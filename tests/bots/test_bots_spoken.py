from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.bots import spoken
from voicebot.bots.spoken import _without_markup


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello there.", "Hello there."),
        ("**Bold**, *italic*, __both__ and `code`", "Bold, italic, both and code"),
        ("snake_case_name stays, 2 * 3 * 4 too", "snake_case_name stays, 2 * 3 * 4 too"),
        ("See [our page](https://contoso.example/bill?x=1).", "See our page."),
        ("![a house](http://x.example/h.png) nice", "a house nice"),
        ("Go to https://www.contoso.example/pay/now.", "Go to contoso.example."),
        ("# Your bill\nIt is due.", "Your bill. It is due."),
        ("You can:\n- pay\n- wait\n1. ask", "You can: pay. wait. 1. ask"),
        ("Great! 🎉👍🏽 Bye 👋", "Great! Bye"),
        ("Which? (1) small, or (2) large", "Which? 1, small, or 2, large"),
        ("a<br/>b &amp; <b>c</b>", "a. b & c"),
        ("| Day | Open |\n|---|---|\n| Mon | 8-6 |", "Day, Open. Mon, 8-6."),
        ("> quoted\n\n\nthen", "quoted. then"),
        ("It is 5° and costs €3 or $4.", "It is 5° and costs €3 or $4."),
        (r"1\. not a list \*here\*", "1. not a list *here*"),
        ("```\nprint(1)\n```\nDone", "Done"),
        ("", ""),
        ("🎉", ""),
        ("Grüße aus 東京, où ça?", "Grüße aus 東京, où ça?"),
        ("www.example.com.", "example.com."),
        ("Ask www.example.com or us", "Ask example.com or us"),
        ("👩‍👩‍👧 family", "family"),
        ("soft\xadly, left\u200eright and joi\u200dner", "softly, leftright and joiner"),
        ("ring\x07 the\x00 bell\x1b", "ring the bell"),
        ("private\ue000 half\ud83d nothing\u0378 yet", "private half nothing yet"),
        ("🏻🏼🏽🏾🏿 skin tones", "skin tones"),
        ("a\tb", "a b"),
        (r"C:\\*x\\* is \*x\*", "C:\\x\\ is *x*"),
        ("What?. Yes!  . No", "What? Yes! No"),
        ("[a](b) (2) [c](d) www.x.example", "a 2, c x.example"),
    ],
)
def test_written_text_becomes_speakable(text: str, said: str) -> None:
    assert spoken(text) == said


@given(st.text(alphabet="*_`#[]()!|-> \n.abc<>&;:/h1\\"))
def test_any_markup_is_survived_and_gives_one_line(text: str) -> None:
    assert "\n" not in spoken(text)


@given(st.text(alphabet="ab1é東 ,.:;!?'’%€$-w", max_size=60))
def test_plain_words_are_not_looked_at_twice_and_come_out_the_same(text: str) -> None:
    assert spoken(text) == _without_markup(text)


@pytest.mark.parametrize("piece", ["*", "_", "[", "![", "`", "<a", "|", "(1", "**a", "# ", "http://", "&#", "- "])
def test_hostile_repetition_does_not_take_long(piece: str) -> None:
    begun = time.process_time()
    spoken(piece * 8000)
    assert time.process_time() - begun < 2.0, "a regular expression went wild"
