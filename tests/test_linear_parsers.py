"""What reads texts of bots, callers, authors and the network takes work in proportion to them, whatever they hold.

Work is counted, in lines of Python executed, not timed. Eight times the text may cost some eight times as much; what
goes by the square costs 64 times as much. (Their regular expressions are proved one by one in
``test_linear_patterns.py``; for signalling see ``sip/test_sip_linear.py``.)
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from lines_run import lines_run

from voicebot import speech_markup
from voicebot.assist.knowledge import Article, Knowledge, articles_of
from voicebot.assist.redaction import RedactionPolicy, WithheldKind
from voicebot.assist.redaction.redactor import Redactor
from voicebot.authoring.checks import check_dialogs
from voicebot.authoring.document import parse_document
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.template import compile_template
from voicebot.authoring.transcripts import matches
from voicebot.bots import citations
from voicebot.bots.direct_line_feed import DirectLineFeed
from voicebot.bots.sentences import cut, ends
from voicebot.bots.server_sent_events import EventStream
from voicebot.bots.spoken import _without_markup
from voicebot.bots.streamed_text import StreamedText, StreamInfo
from voicebot.bots.streaming_frames import StreamingDecoder
from voicebot.json_body import parse_json
from voicebot.locallanguage.extraction import ranked
from voicebot.locallanguage.key_phrases import key_phrases
from voicebot.locallanguage.lexicon import english
from voicebot.locallanguage.personal import personal
from voicebot.locallanguage.sentiment import SentimentScorer
from voicebot.localspeech import clauses, digit_strings
from voicebot.localspeech import ssml as offline_ssml
from voicebot.speech import ssml
from voicebot.spoken_phrases import SpokenPhrase, SpokenWords
from voicebot.turns.bot_speech import heard_text
from voicebot.turns.words import contains, words

pytestmark = pytest.mark.slow

SIZE = 1 << 8
"""Characters; the longer text has eight times as many."""
MOST = 10
FEW = 1000
"""Lines that the longer text may cost, whatever the shorter one does."""
PIECES = [
    " ", "\n", "\t", "-", "-- ", ".", "..", ". a", "a. ", "a.\n", "1", "1,", "1.1", "111,", "*", "**a", "*a ", "_",
    "_a ", "__", "`", "```", "`a", "~~", "[", "![", "[a](", "[a](b", '[a](b "', "](", "<", "<a", "</", "< ", ">",
    "<a ", "|", " |", "| a ", "# ", "#", "- ", "> ", "(1", "(1) ", "http://", "www.", "http://a/", "&", "&#", "&#1",
    "&amp", "\\", "\\*", "a", "a ", "A", "a@", "@", "a-", "a1-", "$1", "é", "🎉", '"', "'", "Mr. ", "1. ", "a\n\n",
    ":\n", "。", "a_b ", "***", "\u00a0", "\u2028", "\r\n", "\x00", "a.b ", "no ", "one ", "day from ", "?", "! ", "…",
    "=", "a=", "<speak", "/>", "[1]", "[1", "a[1] ", "[^1^]", "【1†", "【1】", "¹", "a¹ ", "[1]: http://a\n", "[a][1]",
    "card ", "card 1 ", "my name is A ", "email a at b dot com ", "iban DE", "double 4 ", "four, ", "4 or ",
    "Sources:\n", "- http://a\n", "<s>", "</s>", "<break/>", "<a:b>", "&a;", "<b>",
]  # fmt: skip
"""What texts are made of that patterns and scanners look for: each over and over again."""


def ratio(work: Callable[[str], object], piece: str, end: str) -> float:
    """How many times as much work eight times the text is; 0 when it is none to speak of."""
    count = SIZE // len(piece)
    short, long = (lines_run(partial(work, piece * times + end)) for times in (count, 8 * count))
    return 0.0 if long < FEW else long / max(short, 1)


def streamed(text: str) -> None:
    ends(text, 0, len(text))
    stream = StreamedText()
    stream.part(StreamInfo("s", "streaming", None, False), text, 1)
    stream.final(StreamInfo("s", "final", None, False), text)


def frames(text: str) -> None:
    data, decoder = text.encode("utf-8", "replace"), StreamingDecoder()
    for at in range(0, len(data), 4000):
        piece = data[at : at + 4000]
        decoder.feed(b"S.%06d.00000000-0000-0000-0000-000000000001.%d\n" % (len(piece), 0) + piece)
        if at > 900_000:
            decoder = StreamingDecoder()


def offline(text: str) -> None:
    document = "<speak>" + text.replace("&", "&amp;").replace("<", "&lt;").replace("\x00", " ") + "</speak>"
    try:
        spans = offline_ssml.parse(document[: offline_ssml.MAX_LENGTH])
    except offline_ssml.InvalidSsml:
        return
    list(clauses.clauses(spans.spans))


def template(text: str) -> None:
    with suppress(ValueError):
        compile_template(text)


def pattern(text: str) -> None:
    matches("*a*" + "a*" * 40 + "b", text)


def redacted(text: str) -> None:
    redactor = Redactor(RedactionPolicy(frozenset(WithheldKind), "US"))
    redactor.partial("p", "1", text, 0.0, "en")
    redactor.final("p", "1", text, 0.0, "en")


WORK: dict[str, Callable[[str], object]] = {
    "written text": _without_markup,
    "speech": lambda text: ssml.document("<speak" + text, voice="v", language="en-US"),
    "speech in tags": lambda text: ssml.document(f"<speak>{text}</speak>", voice="v", language="en-US"),
    "plain speech": lambda text: ssml.document(text, voice="v", language="en-US"),
    "words of speech": lambda text: ssml.plain_text(f"<speak>{text}</speak>"),
    "speech of a bot": speech_markup.fit_for_speech,
    "speech of a bot in tags": lambda text: speech_markup.fit_for_speech(f"<s>{text}</s>"),
    "joined speech": lambda text: speech_markup.joined(["<speak>a</speak>", text]),
    "citations": citations.without_citations,
    "a text that is cut": lambda text: cut(text, len(text) // 2),
    "speech that is cut": lambda text: cut(f"<speak>{text}", len(text) // 2),
    "what was heard of it": lambda text: heard_text(text, 3.0, False),
    "streamed text": streamed,
    "a stream of events": lambda text: EventStream().feed(text.encode("utf-8", "replace")),
    "frames": frames,
    "a feed": lambda text: DirectLineFeed("u").frame(text),
    "words": lambda text: contains(text, words(text[:200])),
    "digits": digit_strings.join_digits,
    "what may be withheld": redacted,
    "mood": SentimentScorer(english()).sentences,
    "key phrases": key_phrases,
    "personal data": personal,
    "sentences that matter": ranked,
    "articles": lambda text: articles_of(text, "a.md"),
    "words that are looked for": Knowledge([Article("a no one", "card mail", "a.md")]).search,
    "phrases that are looked for": lambda text: SpokenPhrase("a ... (no|one|) ... card").said_in(SpokenWords(text, 80)),
    "a template": template,
    "a pattern of a test": pattern,
}


@pytest.mark.parametrize("name", WORK)
def test_eight_times_the_text_does_not_take_the_square_of_it(name: str) -> None:
    slow = []
    for piece in PIECES:
        if (found := ratio(WORK[name], piece, "x")) > MOST:
            slow.append((piece, round(found)))
    assert not slow


LINES = [
    "a: 1\n",
    "- a\n",
    "- [a, b]\n",
    "# c\n",
    "a\n ",
    "'a'\n\n ",
    "- {a: b}\n",
    "[a, ",
    "- !x a\n",
    "- &a a\n",
    "- *a\n",
]


@pytest.mark.parametrize("piece", LINES)
def test_a_file_of_eight_times_the_lines_does_not_take_the_square_of_it(piece: str) -> None:
    assert ratio(lambda text: parse_document(Path("main.yaml"), text), piece, "") <= MOST


STEPS = {
    "steps in a row": "  - {id: sN, say: Hello}\n",
    "steps that there are not": "  - {id: sN, goto: xN}\n",
    "variables": "  - {id: sN, set: {vN: 1}}\n",
    "variables that nothing sets": "  - {id: sN, say: 'Hello {vN}'}\n",
    "words that there are not": "  - {id: sN, sya: Hello}\n",
    "questions": "  - {id: sN, ask: Which?, choice: {a: {next: bye}, b: {next: bye}}, save: vN, on_fail: bye}\n",
}


@pytest.mark.parametrize("steps", STEPS)
def test_a_dialog_of_eight_times_the_steps_does_not_take_the_square_of_it(steps: str, tmp_path: Path) -> None:
    def work(count: int) -> None:
        text = "".join(STEPS[steps].replace("N", str(number)) for number in range(count))
        (tmp_path / "main.yaml").write_text(f"steps:\n{text}  - {{id: bye, hangup: Goodbye.}}\n")
        check_dialogs(load_dialogs(tmp_path))

    short, long = (lines_run(partial(work, count)) for count in (40, 320))
    assert long / short <= MOST


@pytest.mark.parametrize("piece", ["[", "{", "1,", '"a",', '{"a":', "\\u0041", "9"])
def test_json_of_eight_times_the_length_does_not_take_the_square_of_it(piece: str) -> None:
    def work(text: str) -> None:
        with suppress(ValueError):
            parse_json(f'["{text}' if piece == "\\u0041" else f"[{text}", 1 << 24, 1 << 24)

    assert ratio(work, piece, "") <= MOST
