"""Forms of answers: what they match, how it comes out, and what is no form."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voicebot.authoring.understanding import Pattern, PatternError, for_language


@pytest.mark.parametrize(
    ("form", "said", "written"),
    [
        ("[A-Z]{2}-[0-9]{4}", "AB1234", "AB-1234"),
        ("[A-Z]{2}-[0-9]{4}", "ab-1234", "AB-1234"),
        ("[A-Z]{2}-[0-9]{4}", "AB123", None),
        ("[A-Z]{2}-[0-9]{4}", "AB12345", None),
        ("[A-Z]{2}-[0-9]{4}", "ABO234", "AB-0234"),
        ("[A-Z]{2}-[0-9]{4}", "0B1234", "OB-1234"),
        ("\\d{3}", "007", "007"),
        ("(AB|CD)?[0-9]+", "12", "12"),
        ("(AB|CD)?[0-9]+", "CD12", "CD12"),
        ("(AB|CD)?[0-9]+", "AC12", None),
        ("A*B", "AAAB", "AAAB"),
        ("A*B", "B", "B"),
        ("A+B", "B", None),
        ("A{2,3}", "A", None),
        ("A{2,3}", "AAA", "AAA"),
        ("A{2,3}", "AAAA", None),
        ("A{0,2}B", "B", "B"),
        ("(A[0-9]){2}", "A1A2", "A1A2"),
        ("(A|B(C|D))E", "BDE", "BDE"),
        ("k[a-f0-9]{2}", "K0F", "k0f"),
        ("A\\.B", "AB", "A.B"),
        ("[ACE]", "C", "C"),
        ("[ACE]", "B", None),
        ("[\\dX]", "X", "X"),
        ("A", "", None),
    ],
)
def test_a_form_matches_the_whole_answer(form: str, said: str, written: str | None) -> None:
    assert Pattern(form).matched(said) == written


@pytest.mark.parametrize(
    "form",
    ["", "-", "[A-", "[]", "[^A]", "[A--]", "[Z-A]", "(A", "A)", "A{",
     "A{x}", "A{2,1}", "A{65}", "A{1,}", "*", "A**", "a.b",
     "^A$", "\\w", "A\\", "{3}", "A|*", "((((A{64}){64}){64}){64})", "A" * 200],
)  # fmt: skip
def test_what_is_no_form_is_refused(form: str) -> None:
    with pytest.raises(PatternError):
        Pattern(form)


def test_a_form_tells_whether_more_may_come() -> None:
    form = Pattern("[A-Z]{2}[0-9]{2,3}")
    assert [form.begins(said) for said in ("", "A", "AB", "AB1", "1", "AB1234")] == [True] * 4 + [False] * 2
    assert [form.goes_on(said) for said in ("AB", "AB12", "AB123")] == [True, True, False]
    assert not form.digits_only and Pattern("[0-9]-\\d").digits_only


@pytest.mark.parametrize("form", ["(A*)*B", "(A|A)*B", "(A+)+B", "(A?){60}A{60}", "(A*A*A*)*B", "((A|AA)*)*B"])
def test_no_form_is_tried_in_more_ways_than_it_has_states(form: str) -> None:
    assert Pattern(form).matched("A" * 10_000) is None  # would not end in a search that tries one way after another


@given(st.text(alphabet="AB1(|)[-]{2,3}?*+\\d", max_size=16), st.text(alphabet="AB12", max_size=6))
@example("[1]?\\?", "")
@example("A,", "A")
def test_a_form_matches_what_a_regular_expression_does(form: str, said: str) -> None:
    try:
        pattern = Pattern(form)
    except PatternError:
        return
    bare = re.sub(r"\[[^]]*\]|\\d|\{[^}]*\}", "", form)
    if not re.search(r"[^A-Z0-9()|?*+]", bare):  # signs need not be said
        assert (pattern.matched(said) is not None) == (re.fullmatch(form, said) is not None)


@given(st.text(max_size=30), st.text(max_size=80))
def test_no_text_makes_a_form_fail(form: str, said: str) -> None:
    try:
        pattern = Pattern(form)
    except PatternError:
        return
    pattern.matched(said)
    pattern.begins(said)
    pattern.goes_on(said)


@pytest.mark.parametrize(
    ("language", "form", "said", "written"),
    [
        ("en", "[A-Z]{2}-[0-9]{4}", "B as in boy, K, twelve thirty four", "BK-1234"),
        ("en", "[A-Z]{2}-[0-9]{4}", "bravo kilo dash one two three four", "BK-1234"),
        ("en", "[A-Z]{2}-[0-9]{4}", "the code is BK 1234", "BK-1234"),
        ("en", "[A-Z]{2}-[0-9]{4}", "bk1234", "BK-1234"),
        ("en", "[A-Z]{2}-[0-9]{4}", "B K oh oh one two", "BK-0012"),
        ("en", "[A-Z]{2}-[0-9]{4}", "B K one two three four, no, B K one two three five", "BK-1235"),
        ("en", "[A-Z]{2}-[0-9]{4}", "B K one two three", None),
        ("en", "[A-Z]{2}-[0-9]{4}", "I have lost it", None),
        ("en", "[0-9]{3}-[0-9]{2}", "four five six, double seven", "456-77"),
        ("en", "[0-9]{3}-[0-9]{2}", "456-77", "456-77"),
        ("de", "[A-Z]{2}-[0-9]{4}", "B wie Berta, K, zwölf vierunddreißig", "BK-1234"),
        ("es", "[A-Z]{2}-[0-9]{4}", "B de Barcelona, K, doce treinta y cuatro", "BK-1234"),
        ("fr", "[A-Z]{2}-[0-9]{4}", "B comme Berthe, K, douze trente-quatre", "BK-1234"),
    ],
)
def test_what_is_spelled_is_brought_into_the_form(language: str, form: str, said: str, written: str | None) -> None:
    assert for_language(language).of_form(said, Pattern(form)) == written
