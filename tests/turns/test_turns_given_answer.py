"""Who goes on behind an answer that has ended the turn: (answer, addition) -> (whether the prompt goes on, what the bot
is told)."""

from __future__ import annotations

import pytest
from turns_call import Call
from turns_questions import asked

from voicebot.authoring.understanding import for_language
from voicebot.events import (
    AnswerKind,
    BotDone,
    BotMessage,
    CallConfigured,
    ExpectedAnswer,
    Final,
    Hypothesis,
    InputHint,
    PlaybackStarted,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.turns import Ask, AskKind, Drop, FloorState, Resume, TurnPolicy
from voicebot.turns.given_answer import GOES_ON_S, GivenAnswer, adds_nothing

SURE = ExpectedAnswer(
    AnswerKind.CHOICE,
    answers=frozenset(("yes", "no", "that's right", "it is", "it isn't", "that's wrong", "correct")),
    beside=frozenset(("please", "thank", "you")),
)
MENU = ExpectedAnswer(
    AnswerKind.CHOICE, answers=frozenset(("billing", "bill", "outage")), beside=frozenset(("please",))
)
NEXT = "Your balance is eighty four dollars. Is there anything else?"


def gone_on(
    question: ExpectedAnswer, answer: str, added: str, *, begun: float = 4.5, bot_at: float = 4.4, guesses: str = "",
    then: ExpectedAnswer | None = None, text: str = NEXT, known: bool = False,
) -> Call:  # fmt: skip
    """``answer`` ends at 4.0, and is a final result if it is ``known``; the caller goes on at ``begun`` with what is
    ``added``; the bot speaks at ``bot_at``. ``guesses``: the hypotheses ahead of the final result, between commas;
    ``then``, ``text``: its next question."""
    call = Call(TurnPolicy(prepare=False)).waiting()
    call.on(CallConfigured(2.5, phrases=(), answer=question))
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.9, answer, 3.0, 4.0)).on(SpeechStopped(4.1, 4.0))
    if known:
        call.on(Final(4.2, answer, 3.0, 4.0, 0.95))
    call.until(bot_at - 0.1 if known else 4.3)
    asks = call.asks()
    assert [(ask.kind, ask.text) for ask in asks] == [(AskKind.SPEECH, answer)]
    request = asks[0].request

    def reply() -> None:
        call.on(CallConfigured(bot_at, phrases=(), answer=then or SURE))
        call.on(BotMessage(bot_at, request, text, text, InputHint.EXPECTING)).on(BotDone(bot_at, request))
        call.on(PlaybackStarted(bot_at + 0.02, call.playing[-1]))

    if bot_at < begun + 0.07:
        reply()
    call.on(SpeechStarted(begun + 0.07, begun))
    for index, guess in enumerate(filter(None, guesses.split(","))):
        call.on(Hypothesis(begun + 0.25 + index / 10, guess, begun, begun + 0.2 + index / 10))
    call.on(SpeechStopped(begun + 0.8, begun + 0.7))
    call.on(Final(begun + 0.9, added, begun, begun + 0.7, 0.95))
    call.until(begun + 2.0)
    if bot_at >= begun + 0.07:
        reply()
    return call


@pytest.mark.parametrize(
    ("question", "answer", "added"),
    [
        (SURE, "yes", "That's right."), (SURE, "yes", "Please."), (SURE, "yes", "Yes."), (SURE, "yes", "It is."),
        (SURE, "yes", "Okay."), (SURE, "no", "It isn't."), (SURE, "no", "That's wrong."), (SURE, "no", "Thank you."),
        (SURE, "no", "No."), (MENU, "billing", "Please."), (MENU, "billing", "Thanks."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("begun", [4.35, 4.5])
def test_what_says_the_same_again_neither_drops_the_prompt_nor_reaches_the_bot(
    question: ExpectedAnswer, answer: str, added: str, begun: float
) -> None:
    call = gone_on(question, answer, added, begun=begun)
    commands = call.take()
    assert any(isinstance(command, Resume) for command in commands)
    assert not any(isinstance(command, Drop) for command in commands)
    assert call.machine.state is FloorState.SPEAKING
    assert not [ask for ask in call.asks() if ask.kind is AskKind.SPEECH]


@pytest.mark.parametrize(
    ("answer", "added", "guesses"),
    [
        ("yes", "That's right.", "that,that's"), ("yes", "That's right.", "that's,that's,that's right"),
        ("yes", "That's correct.", "it's,it's a"), ("no", "It isn't.", "it,it is"), ("yes", "Please.", "please hold"),
        ("yes", "That's right.", "billing"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("begun", "bot_at"), [(4.32, 4.35), (4.35, 4.33), (4.5, 4.4)])
def test_what_says_the_same_again_is_known_only_when_all_of_it_is(
    answer: str, added: str, guesses: str, begun: float, bot_at: float
) -> None:
    call = gone_on(SURE, answer, added, guesses=guesses, begun=begun, bot_at=bot_at)
    commands = call.take()
    assert not any(isinstance(command, Drop) for command in commands)
    assert call.machine.state is FloorState.SPEAKING
    assert not [c for c in commands if isinstance(c, Ask) and c.kind is AskKind.SPEECH]


@pytest.mark.parametrize(
    ("guess", "text", "until", "resumed"),
    [
        ("billing", "Billing.", 4.5, [4.7]),
        ("billing", "Billing.", 4.0, []),
        ("bill", "Billing, please.", 4.5, [4.7]),  # of which only the beginning was heard
    ],
)
def test_a_sound_behind_an_answer_that_adds_no_words_to_it_holds_the_prompt_up_no_longer(
    guess: str, text: str, until: float, resumed: list[float]
) -> None:
    call = Call(TurnPolicy(prepare=False)).waiting()
    call.on(CallConfigured(2.5, phrases=(), answer=MENU))
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.9, guess, 3.0, 4.0)).on(SpeechStopped(4.1, 4.0)).until(4.3)
    request = call.asks()[0].request
    call.on(SpeechStarted(4.35, 4.28))
    call.on(BotMessage(4.4, request, NEXT, NEXT, InputHint.EXPECTING)).on(BotDone(4.4, request))
    assert call.machine.state is FloorState.YIELDING
    call.on(SpeechStopped(4.6, 4.5)).take()
    call.on(Final(4.7, text, 3.0, until))
    assert [call.now for command in call.take() if isinstance(command, Resume)] == resumed


def test_what_stops_the_bot_does_so_at_once_also_behind_an_answer() -> None:
    assert any(isinstance(command, Drop) for command in gone_on(SURE, "yes", "", guesses="wait").take())


def test_a_bot_that_was_dropped_for_words_that_were_none_is_told_the_words_and_not_left_in_silence() -> None:
    call = Call(TurnPolicy(prepare=False)).answered()
    call.on(SpeechStarted(1.1, 1.0)).on(Hypothesis(1.3, "stop", 1.0, 1.3)).on(SpeechStopped(1.5, 1.35))
    call.on(Final(1.7, "Mhm.", 1.0, 1.4, 0.9)).until(4.0)
    assert [ask.text for ask in call.asks() if ask.kind is AskKind.SPEECH] == ["Mhm."]


@pytest.mark.parametrize(
    ("question", "answer", "added"),
    [
        (SURE, "yes", "No."), (SURE, "yes", "No, wait."), (SURE, "no", "Yes."), (SURE, "yes", "But what does it cost?"),
        (MENU, "billing", "Outage."), (MENU, "billing", "An agent, please."), (SURE, "yes", "Hold on."),
    ],
)  # fmt: skip
def test_what_says_something_else_interrupts(question: ExpectedAnswer, answer: str, added: str) -> None:
    assert any(isinstance(command, Drop) for command in gone_on(question, answer, added).take())


def test_what_begins_when_the_bot_can_be_understood_is_an_answer_to_it() -> None:
    call = gone_on(SURE, "yes", "No, that's wrong.", begun=7.9)
    assert any(isinstance(command, Drop) for command in call.take())


def test_a_bot_that_thinks_is_not_told_either() -> None:
    call = gone_on(SURE, "yes", "That's right.", bot_at=6.6)
    assert not [ask for ask in call.asks() if ask.kind is AskKind.SPEECH]
    assert call.machine.state is FloorState.SPEAKING


def test_nothing_goes_on_with_what_was_no_whole_answer() -> None:
    given = GivenAnswer()
    assert not given.goes_on("please", 1.0, "en-US")
    given.told("my bill", SURE, "en-US", 1.0)
    assert not given.goes_on("please", 1.1, "en-US")
    given.told("yes", SURE, "en-US", 2.0)
    assert given.goes_on("please", 2.1, "en-US")
    assert not given.goes_on("please", 2.0 + GOES_ON_S, "en-US")
    assert not given.goes_on("please", None, "en-US")
    given.told("yes", None, "en-US", 3.0)
    assert not given.goes_on("please", 3.1, "en-US")


GOES_ON = [
    ("yes or no", "en-US", "yes", "that's right|that is correct|it is|yes|yeah it is|that's it|i do|i would|that's me|"
     "that's my number|that's fine|please do|sir|of course|that's right thank you|sounds good|no problem|all of it|"
     "exactly|go ahead|that would be great|absolutely|thanks|please|why not|i'm sure"),
    ("yes or no", "en-US", "okay", "that's fine|yes|sure|go ahead|thank you"),
    ("yes or no", "en-US", "right", "that's right|yes|correct"),
    ("yes or no", "en-US", "correct", "yes|that's right"),
    ("yes or no", "en-US", "no", "it isn't|it's not|that's wrong|no|i don't|not really|that's all|that's all thank you|"
     "i'm good|nothing else|sorry|it's wrong|that's everything|thank you"),
    ("menu", "en-US", "billing", "please|thanks|billing|billing please|yes|that's it"),
    ("four digits", "en-US", "4567", "please|thank you|4567|that's it|that's my number|yes"),
    ("money", "en-US", "twelve dollars", "please|thanks|twelve dollars|that's all"),
    ("money", "en-US", "twelve", "dollars|bucks|dollars please|pounds|dollars that's all"),
    ("menu", "en-US", "opening", "hours|hours please"),
    ("money", "de-DE", "zwölf", "euro|euro bitte"),
    ("money", "es-ES", "doce", "euros"),
    ("money", "fr-FR", "douze", "euros|euros s'il vous plaît"),
    ("yes or no", "de-DE", "ja", "genau|bitte|stimmt|das stimmt|gerne|das ist richtig|danke|das ist meine nummer"),
    ("yes or no", "de-DE", "nein", "danke|das war's|das ist alles|das stimmt nicht|leider|sonst nichts"),
    ("yes or no", "es-ES", "sí", "gracias|por favor|correcto|así es|eso es|soy yo|claro"),
    ("yes or no", "es-ES", "no", "gracias|nada más|eso es todo|lo siento"),
    ("yes or no", "fr-FR", "oui", "merci|s'il vous plaît|c'est ça|c'est bien ça|tout à fait|c'est moi"),
    ("yes or no", "fr-FR", "non", "merci|c'est tout|rien d'autre|désolé"),
]  # fmt: skip
TURNS_AROUND = [
    ("yes or no", "en-US", "yes", "no|no wait|that's wrong|it isn't|but what does it cost|hold on|i don't know"),
    ("yes or no", "en-US", "okay", "no|that's wrong|what does it cost|wait"),
    ("yes or no", "en-US", "no", "yes|yes it is|wait|an agent"),
    ("yes or no", "en-US", "what was that", "yes|yes it is"),
    ("yes or no", "en-US", "i don't know", "yes|yes it is"),
    ("menu", "en-US", "billing", "opening hours|no|no wait|an agent|not billing|hours"),
    ("money", "en-US", "fifty", "cents|thousand|five|five dollars|no dollars|what dollars"),
    ("money", "en-US", "twelve dollars", "fifty|and fifty cents"),
    ("four digits", "en-US", "4567", "8|no 4568|no|4568"),
    ("digits", "en-US", "45", "45|67"),
    ("yes or no", "de-DE", "ja", "nein|das stimmt nicht|moment"),
    ("yes or no", "es-ES", "sí", "no|está mal"),
    ("yes or no", "fr-FR", "oui", "non|ce n'est pas ça"),
]


def each(rows: list[tuple[str, str, str, str]]) -> list[tuple[str, str, str, str]]:
    return [(kind, language, given, added) for kind, language, given, all_ in rows for added in all_.split("|")]


def is_more_of(kind: str, language: str, answer: str, added: str, after_s: float) -> bool:
    given = GivenAnswer()
    given.told(answer, asked(kind, language), language, 4.0)
    return given.goes_on(added, 4.0 + after_s, language)


@pytest.mark.parametrize(("kind", "language", "answer", "added"), each(GOES_ON))
def test_what_belongs_to_an_answer_is_known_for_a_second_behind_the_voice(
    kind: str, language: str, answer: str, added: str
) -> None:
    heard_ms = 260  # the shortest quiet that ends a turn of one word
    assert all(is_more_of(kind, language, answer, added, ms / 1000) for ms in (0, 300, 1000 - heard_ms))
    assert not is_more_of(kind, language, answer, added, 1.0)


@pytest.mark.parametrize(("kind", "language", "answer", "added"), each(TURNS_AROUND))
def test_what_takes_an_answer_back_or_goes_beyond_it_is_never_taken_for_it(
    kind: str, language: str, answer: str, added: str
) -> None:
    assert not any(is_more_of(kind, language, answer, added, ms / 1000) for ms in (0, 300, 700))


@pytest.mark.parametrize("following", ["yes or no", "menu", "four digits", "money"])
@pytest.mark.parametrize("begun", [4.35, 4.6, 4.95])
@pytest.mark.parametrize(
    ("answer", "added"),
    [("yes", "That's right."), ("yes", "Yes."), ("yes", "That's my number."), ("correct", "Yes."),
     ("no", "That's all."),
     ("no", "It isn't."), ("no", "No.")],
)  # fmt: skip
def test_what_belongs_to_an_answer_neither_drops_the_next_question_nor_answers_it(
    answer: str, added: str, begun: float, following: str
) -> None:
    guesses = ",".join(" ".join(added.lower().rstrip(".").split()[:count]) for count in range(1, added.count(" ") + 1))
    call = gone_on(asked("yes or no"), answer, added, begun=begun, bot_at=4.3, guesses=guesses, then=asked(following))
    commands = call.take()
    assert not any(isinstance(command, Drop) for command in commands)
    assert call.machine.state is FloorState.SPEAKING
    assert not [c for c in commands if isinstance(c, Ask) and c.kind is AskKind.SPEECH]


@pytest.mark.parametrize("guesses", ["", "dollars", "dolls,dollars"])
@pytest.mark.parametrize("begun", [4.75, 4.95, 5.2])
def test_the_unit_of_the_number_that_was_given_does_not_drop_the_next_question(begun: float, guesses: str) -> None:
    call = gone_on(asked("money"), "twelve", "Dollars.", begun=begun, bot_at=4.9, guesses=guesses, known=True)
    commands = call.take()
    assert not any(isinstance(command, Drop) for command in commands)
    assert call.machine.state is FloorState.SPEAKING
    assert not [c for c in commands if isinstance(c, Ask) and c.kind is AskKind.SPEECH]


def test_who_has_heard_half_of_a_short_question_answers_it() -> None:
    call = gone_on(asked("yes or no"), "yes", "Yes.", begun=4.95, bot_at=4.3, text="More?", then=asked("yes or no"))
    assert any(isinstance(command, Drop) for command in call.take())


NO_LESS_THAN_A_YES = {"mm mm", "uh uh", "i'm good", "i am good", "bon jour"}
"""Sounds that show that somebody listens, too, and what is said to a yes as well."""


@pytest.mark.parametrize(("language", "yes", "no"), [("en-US", "yes", "no"), ("de-DE", "ja", "nein"),
                                                     ("es-ES", "sí", "no"), ("fr-FR", "oui", "non")])  # fmt: skip
def test_no_way_to_say_no_or_that_one_does_not_know_is_more_of_a_yes(language: str, yes: str, no: str) -> None:
    usual = for_language(language).usual
    taken = {said for said in (*usual.no, *usual.neither) if is_more_of("yes or no", language, yes, said, 0.1)}
    assert taken <= NO_LESS_THAN_A_YES
    assert not {said for said in usual.neither if is_more_of("yes or no", language, no, said, 0.1)}


@pytest.mark.parametrize(
    ("kind", "before", "text", "nothing"),
    [
        ("yes or no", "Yes.", "It is.", True),
        ("yes or no", "Yes.", "That's right.", True),
        ("yes or no", "No.", "It isn't.", True),
        ("yes or no", "Yes.", "It isn't.", False),
        ("yes or no", "Yes.", "No.", False),
        ("yes or no", "Chair.", "Yes.", False),
        ("four digits", "4471", "12", False),
        ("four digits", "44", "71", False),
        ("money", "twelve", "dollars", True),
    ],
)
def test_behind_an_answer_a_phrase_may_add_nothing(kind: str, before: str, text: str, nothing: bool) -> None:
    assert adds_nothing(asked(kind, "en-US"), "en-US", before, text) is nothing
