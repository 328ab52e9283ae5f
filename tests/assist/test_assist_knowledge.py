from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.assist.knowledge import FLOOR, MAX_FILE, MAX_TEXT, Article, Knowledge, articles_of, read_knowledge

SAMPLE = Path(__file__).resolve().parents[2] / "assist" / "knowledge"


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    articles, problems = read_knowledge(SAMPLE)
    assert not problems
    return Knowledge(articles)


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("My internet is down and the router blinks red.", "The router blinks red"),
        ("I've been charged twice for my last bill.", "Charged twice"),
        ("I'd like to pay that in two instalments.", "Paying in instalments"),
        ("I moved to a new flat in October.", "Moving house"),
        ("What do I do if my phone was stolen?", "Lost or stolen phone"),
        ("Your technician never showed up for the appointment.", "Technician appointments"),
        ("Can I keep my number when I switch?", "Keeping the phone number"),
        ("How long does a refund take?", "Refunds"),
        ("I want to cancel my contract.", "Cancelling a contract"),
        ("The connection is so slow.", "Slow internet"),
    ],
)
def test_what_a_caller_wants_finds_its_article(knowledge: Knowledge, said: str, title: str) -> None:
    found = knowledge.search(said, 1, FLOOR)
    assert [one.article.title for one in found] == [title]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "...",
        "Good morning, my name is Peter Lang.",
        "Yes, please go ahead.",
        "Could you spell that for me?",
        "I live in the house next door.",
        "Let me get my glasses, one moment.",
        "It was on a Monday in March.",
        "My customer number is four seven one one.",
        "Thank you so much, you've been a great help.",
    ],
)
def test_small_talk_finds_nothing_above_the_floor(knowledge: Knowledge, said: str) -> None:
    assert knowledge.search(said, 5, FLOOR) == []


def test_a_single_word_in_the_search_box_finds_without_the_floor(knowledge: Knowledge) -> None:
    assert knowledge.search("refund")[0].article.source == "bills.md, Refunds"
    assert knowledge.search("Bill")


def test_articles_are_cut_at_their_headings() -> None:
    text = "before\n# One\n\nfirst *bold* [link](http://x.eu)\n## Two\n```\n# none\n```\n# Three\n## Four ##\nlast\n"
    assert [(one.title, one.text) for one in articles_of(text, "a.md")] == [
        ("a", "before"),
        ("One", "first bold link"),
        ("Two", "\n# none\n"),
        ("Three: Four", "last"),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\ntwo\n three", "one two three"),
        ("one \r\ntwo", "one two"),
        ("one\n\ntwo\n*three*", "one\n\ntwo three"),
        ("first:\n- one\n  goes on\n- two\n1. four\n2) five", None),
        ("one  \ntwo\\\nthree", "one\ntwo\\\nthree"),
        ("| a | b |\n|---|---|\n| c | d |\nafter", "| a | b |\n|---|---|\n| c | d |\nafter"),
        ("before\n```\na\nb\n```\nafter\nall", "before\n\na\nb\n\nafter all"),
    ],
)
def test_a_paragraph_is_one_line_wherever_its_file_has_line_ends(text: str, shown: str | None) -> None:
    (article,) = articles_of(f"# A\n{text}\n", "a.md")
    assert article.text == (shown or "first:\n- one goes on\n- two\n1. four\n2) five")


def test_what_is_shown_of_an_article_is_bounded() -> None:
    (article,) = articles_of("# A\n" + "word " * 10_000, "a.md")
    assert len(article.text) == MAX_TEXT


def test_indexing_and_searching_log_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert Knowledge(articles_of("# A\nrefund", "a.md")).search("refund")
    assert caplog.records == []


def test_an_empty_folder_or_none_finds_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        assert read_knowledge(folder) == ([], [])
    assert Knowledge().search("refund") == []
    assert Knowledge([Article("?", "!", "x")]).search("refund") == []


def test_what_is_wrong_with_a_file_is_said_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("# A\ntext")
    (tmp_path / "latin.md").write_bytes(b"# A\nB\xfccher")
    (tmp_path / "huge.md").write_bytes(b"x" * (MAX_FILE + 1))
    os.mkfifo(tmp_path / "pipe.md")
    articles, problems = read_knowledge(tmp_path)
    assert [one.title for one in articles] == ["A"]
    assert [(problem.file.name, problem.line, problem.code) for problem in problems] == [
        ("huge.md", 1, "file-too-large"),
        ("latin.md", 2, "file-encoding"),
        ("pipe.md", 1, "file-unreadable"),
    ]


@given(st.text(max_size=200))
def test_any_text_can_be_searched_for_and_read(text: str) -> None:
    knowledge = Knowledge(articles_of(text, "a.md"))
    assert all(one.fit > 0 for one in knowledge.search(text))
