"""What a message says: text, cards and choices together, in its language, nothing twice; and what the log tells."""

from __future__ import annotations

from typing import Any

import pytest

from voicebot.bots import events_from_activity
from voicebot.bots.interpretation import Interpreter
from voicebot.events import BotMessage

ADAPTIVE = "application/vnd.microsoft.card.adaptive"


def messages(**content: Any) -> list[BotMessage]:
    events = events_from_activity({"type": "message", **content}, 1, 0.0)
    assert all(isinstance(event, BotMessage) for event in events)
    return [event for event in events if isinstance(event, BotMessage)]


def said(**content: Any) -> str:
    (message,) = messages(**content)
    return message.speak


def remarks(**content: Any) -> list[str]:
    interpreter = Interpreter()
    interpreter.events({"type": "message", **content}, 1, 0.0)
    return interpreter.take_remarks()


def card(*body: Any, **content: Any) -> dict[str, Any]:
    return {"contentType": ADAPTIVE, "content": {"type": "AdaptiveCard", "body": list(body), **content}}


def block(text: Any, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, **more}


def classic(kind: str = "hero", **content: Any) -> dict[str, Any]:
    return {"contentType": f"application/vnd.microsoft.card.{kind}", "content": content}


def test_a_receipt_and_choices_are_in_the_language_of_the_message_as_far_as_they_are_our_words() -> None:
    receipt = classic("receipt", title="Bestellung 7", total="11 €")
    assert said(locale="de-DE", attachments=[receipt]) == "Bestellung 7. Summe: 11 €."
    actions = {"actions": [{"title": "Groß"}, {"title": "Klein"}]}
    assert said(text="Wie?", locale="de-AT", suggestedActions=actions) == "Wie? Groß, oder Klein?"
    assert said(text="Hm?", locale="tlh", suggestedActions=actions) == "Hm? Groß, or Klein?"


TOGETHER: list[tuple[str, dict[str, Any], str]] = [
    (
        "text, then card",
        {"text": "I found this:", "attachments": [classic(title="Room 12", text="A view.")]},
        "I found this: Room 12. A view.",
    ),
    (
        "what a card wants spoken",
        {"text": "Here you are.", "attachments": [card(block("Bill"), speak="You owe $41.")]},
        "Here you are. You owe $41.",
    ),
    (
        "a card that says the text again",
        {"text": "You owe $41.", "attachments": [card(block("You owe **$41**"))]},
        "You owe $41.",
    ),
    (
        "a card that says it in passing",
        {"text": "Your bill is $84.", "attachments": [classic(title="Your bill", text="Due Friday")]},
        "Your bill is $84. Due Friday.",
    ),
    (
        "a card that says it and more",
        {"text": "Your bill is due.", "attachments": [card(speak="Your bill is due. It is $41.")]},
        "Your bill is due. It is $41.",
    ),
    (
        "a cell that a text has too",
        {
            "text": "There are 2 rooms.",
            "attachments": [card({"type": "FactSet", "facts": [{"title": "Beds", "value": "2"}]})],
        },
        "There are 2 rooms. Beds: 2.",
    ),
    (
        "several cards",
        {"text": "Which?", "attachmentLayout": "carousel", "attachments": [classic(title="One"), classic(title="Two")]},
        "Which? One. Two.",
    ),
    (
        "a list of cards",
        {"attachmentLayout": "list", "attachments": [classic(title="One"), classic(title="Two", text="or so")]},
        "One. Two. or so.",
    ),
    (
        "speech beside a card that is only seen",
        {"text": "Bill", "speak": "You owe $41.", "attachments": [classic(title="Bill")]},
        "You owe $41.",
    ),
    (
        "speech of both",
        {"speak": "Here you are.", "attachments": [card(speak="You owe $41.")]},
        "Here you are. You owe $41.",
    ),
    ("the same speech of both", {"speak": "You owe $41.", "attachments": [card(speak="You owe $41.")]}, "You owe $41."),
    (
        "the text as speech",
        {"text": "**Here** you are.", "speak": "**Here** you are.", "attachments": [classic(title="Room 12")]},
        "Here you are. Room 12.",
    ),
    ("silence", {"text": "Look at this.", "speak": " ", "attachments": [classic(title="Room 12")]}, ""),
    (
        "pictures, which are no cards",
        {"text": "Look.", "attachments": [{"contentType": "image/png", "contentUrl": "https://x"}]},
        "Look.",
    ),
    ("a fallback", {"attachments": [card(fallbackText="Please update.")]}, "Please update."),
    (
        "no fallback where there is something",
        {"attachments": [card(block("Hello"), fallbackText="Please update.")]},
        "Hello.",
    ),
    (
        "an unfilled template",
        {"attachments": [card(block("Pick a zone"), speak="<s><select_timezone></s>")]},
        "Pick a zone.",
    ),
    ("nothing", {"attachments": [card(), None, 3, {"content": []}]}, ""),
]


@pytest.mark.parametrize(("content", "heard"), [case[1:] for case in TOGETHER], ids=[case[0] for case in TOGETHER])
def test_text_and_cards_are_heard_each_once(content: dict[str, Any], heard: str) -> None:
    assert said(**content) == heard


def test_the_record_shows_what_the_cards_add() -> None:
    (message,) = messages(text="I found **this**:", attachments=[classic(title="Room 12")])
    assert message.text == "I found **this**: Room 12."


def test_what_our_own_dialogs_speak_is_spoken_as_it_is() -> None:
    activity = {
        "type": "message",
        "text": "Dial *67* at  9.\n",
        "speak": "Dial *67* at  9.\n",
        "textFormat": "markdown",
    }
    (event,) = Interpreter(files=True).events(activity, 1, 0.0)
    assert isinstance(event, BotMessage) and event.speak == "Dial *67* at  9.\n"


LINKS = [
    {"type": "openUrl", "title": "Website", "value": "https://x"},
    {"type": "signin", "title": "Sign in", "value": "u"},
    {"type": "downloadFile", "title": "Get it", "value": "u"},
    {"type": "playVideo", "title": "Film", "value": "u"},
]


def test_suggested_links_are_not_offered_and_answers_are() -> None:
    answers = [{"type": "imBack", "title": "Book"}, {"type": "messageBack", "title": "Agent"}, {"title": "Stop"}]
    assert said(text="Next?", suggestedActions={"actions": [*LINKS, *answers]}) == "Next? Book, Agent, or Stop?"
    assert said(text="Next?", suggestedActions={"actions": LINKS}) == "Next?"


def offered_behind(text: str, *titles: str, **more: Any) -> str:
    return said(text=text, suggestedActions={"actions": [{"title": title} for title in titles]}, **more)


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("Shall I send it?", ("Yes", "No")),
        ("Shall I send it? 💸", ("👍 Yes", "👎 No")),
        ("Shall I send it?", ("No, thanks", "Yes, please")),
        ("Soll ich es senden?", ("Ja", "Nein")),
        ("¿Lo envío?", ("Sí", "No")),
        ("Je l'envoie ?", ("Oui", "Non merci")),
        ("Do you know it?", ("yes", "no")),
    ],
)
def test_yes_and_no_are_not_offered_behind_a_question_that_asks_for_them(text: str, titles: tuple[str, str]) -> None:
    assert offered_behind(text, *titles) == offered_behind(text)


def test_yes_and_no_are_not_offered_behind_the_question_of_a_card() -> None:
    content = {"title": "Shall I send it?", "buttons": [{"title": "Yes"}, {"title": "No"}]}
    hero = {"contentType": "application/vnd.microsoft.card.hero", "content": content}
    assert said(attachments=[hero]) == "Shall I send it?"


def test_yes_and_no_are_offered_where_nothing_asks_for_them_or_there_is_more_to_choose() -> None:
    assert offered_behind("Please confirm.", "Yes", "No") == "Please confirm. Yes, or No?"
    assert offered_behind("Send it?", "Yes", "No", "Later") == "Send it? Yes, No, or Later?"
    assert offered_behind("Send it?", "Yes, to Anna", "No") == "Send it? Yes, to Anna, or No?"


def test_a_choice_is_not_named_by_a_longer_word() -> None:
    assert offered_behind("Tell me to know more.", "Yes", "No") == "Tell me to know more. Yes, or No?"


SPEECH: list[tuple[str, str]] = [
    (
        "<s>Your visit <break strength='weak'/> is at 12:30</s><s>Move it?</s>",
        "<speak><s>Your visit <break strength='weak'/> is at 12:30</s><s>Move it?</s></speak>",
    ),
    ("Hold on <break time='1s'/> please.", "<speak>Hold on <break time='1s'/> please.</speak>"),
    ("<prosody rate='slow'>1 2 3</prosody>", "<speak><prosody rate='slow'>1 2 3</prosody></speak>"),
    (
        "<mstts:express-as style='cheerful'>Hi!</mstts:express-as>",
        "<speak><mstts:express-as style='cheerful'>Hi!</mstts:express-as></speak>",
    ),
    ("<ssml:s>Hello</ssml:s>", "<speak><s>Hello</s></speak>"),
    (
        "<t:speak xmlns:t='http://www.w3.org/2001/10/synthesis'><t:break/>Hi</t:speak>",
        "<speak xmlns:t='http://www.w3.org/2001/10/synthesis'><break/>Hi</speak>",
    ),
    ("<speak>One.</speak><speak>Two.</speak>", "<speak> One.  Two. </speak>"),
    ("Hello. <speak>Hi.</speak>", "<speak>Hello.  Hi. </speak>"),
    ("<?xml version='1.0'?><s>Hi</s>", "<speak><s>Hi</s></speak>"),
    ("Tom & Jerry <break/> a < b", "<speak>Tom &amp; Jerry <break/> a &lt; b</speak>"),
    ("<s>Caf&eacute;&nbsp;&amp; bar</s>", "<speak><s>Café\xa0&amp; bar</s></speak>"),
    ("<amazon:effect name='whispered'>Psst <break/></amazon:effect>", "<speak> Psst <break/> </speak>"),
    ("<s>Press <b>one</b></s>", "<speak><s>Press one</s></speak>"),
    ("Hello<br/>there", "Hello there"),
    ("AT&T <costs> 5", "AT&T <costs> 5"),
    ("2 < 3 and 4 > 1", "2 < 3 and 4 > 1"),
    ("Say *67, then A_B.", "Say *67, then A_B."),
]


@pytest.mark.parametrize(("speak", "sent"), SPEECH)
@pytest.mark.parametrize("place", ["activity", "card"])
def test_ssml_without_a_root_is_spoken_as_ssml_and_plain_speech_stays(speak: str, sent: str, place: str) -> None:
    content = {"speak": speak} if place == "activity" else {"attachments": [card(block("seen"), speak=speak)]}
    assert said(**content) == sent
    assert remarks(**content) == []


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("<s>never <break> closed", "never closed"),
        ("<speak><emphasis>one</speak>", "one"),
        ("<prosody rate=slow>one, two</prosody>", "one, two"),
        ("<s>one</p>", "one"),
    ],
)
def test_broken_ssml_is_spoken_as_its_words_and_the_log_tells_why(broken: str, words: str) -> None:
    assert said(speak=broken) == words
    (remark,) = remarks(speak=broken)
    assert remark.startswith("its speak is no SSML and is spoken as its words: ")
    (remark,) = remarks(attachments=[card(speak=broken)])
    assert remark.startswith("the speech of a card is spoken as its words: ")


def test_plain_speech_cites_no_more_than_a_text_does() -> None:
    assert said(speak="We open at 7【4:0†source】. Dial *67.") == "We open at 7. Dial *67."
    assert said(speak="It is A_B [1].") == "It is A_B [1]."
    assert said(text="x", speak="**Mon**: 9", textFormat="markdown") == "Mon: 9"


def test_a_text_is_ssml_only_where_it_cannot_be_html() -> None:
    assert said(text="Wait <break time='1s'/> please.") == "<speak>Wait <break time='1s'/> please.</speak>"
    assert said(text="<speak>Hi</speak>") == "<speak>Hi</speak>"
    assert said(text="<p>Hi <s>old</s> <sub>2</sub></p>") == "Hi old 2"


def test_a_text_and_ssml_of_a_card_are_one_document_and_whole_documents_stay_apart() -> None:
    assert said(text="For R&B:", attachments=[card(speak="<s>Room <break/> 12</s>")]) == (
        "<speak>For R&amp;B: <s>Room <break/> 12</s></speak>"
    )
    whole = "<speak version='1.0' xml:lang='de-DE'>Guten Tag</speak>"
    assert [m.speak for m in messages(text="In German:", attachments=[card(speak=whole)])] == ["In German:", whole]


def test_the_language_of_a_card_is_that_of_what_it_says() -> None:
    german = card(block("Zimmer 12"), lang="de")
    pieces = messages(
        text="In German:", locale="en-US", attachments=[german], suggestedActions={"actions": [{"title": "Next"}]}
    )
    assert [(m.speak, m.locale) for m in pieces] == [("In German:", "en-US"), ("Zimmer 12.", "de"), ("Next?", "en-US")]
    assert [(m.speak, m.locale) for m in messages(text="So:", locale="de-AT", attachments=[german])] == [
        ("So: Zimmer 12.", "de-AT")
    ]


@pytest.mark.parametrize(
    ("given", "locale"),
    [
        ("en-gb", "en-GB"),
        ("de_DE", "de-DE"),
        ("DE", "de"),
        ("zh-hans-cn", "zh-Hans-CN"),
        ("german", ""),
        ("x" * 99, ""),
        ("", ""),
        (None, ""),
        (3, ""),
        (["de"], ""),
        ("de'/>", ""),
    ],
)
def test_a_locale_is_a_language_tag_or_nothing(given: Any, locale: str) -> None:
    (message,) = messages(text="Hi", locale=given)
    assert message.locale == locale


FORMATS: list[tuple[Any, str, str]] = [
    ("plain", "Use *67 then #1. The code is A_B_C*D*E.", "Use *67 then #1. The code is A_B_C*D*E."),
    ("plain", "# 1 is not a heading\n- 5 degrees", "# 1 is not a heading. - 5 degrees"),
    ("plain", "a & b &amp; <b>c</b> [1]", "a & b &amp; <b>c</b> [1]"),
    ("plain", "See https://www.shop.example/pay?x=1.", "See shop.example."),
    ("Plain", "2 * 3 * 4 `x` ~~y~~", "2 * 3 * 4 `x` ~~y~~"),
    ("xml", "<b>Bold</b> &amp; *67<br/>then _x_", "Bold & *67. then _x_"),
    ("markdown", "*Bold* and _x_", "Bold and x"),
    (None, "*Bold*", "Bold"),
    (7, "*Bold*", "Bold"),
    (["plain"], "*Bold*", "Bold"),
    ("html", "*Bold*", "Bold"),
]


@pytest.mark.parametrize(("form", "text", "heard"), FORMATS)
def test_a_text_is_read_as_its_format_says(form: Any, text: str, heard: str) -> None:
    assert said(text=text, textFormat=form) == heard


def test_a_long_text_ends_with_a_sentence_and_so_does_long_ssml() -> None:
    text = "This is a sentence. " * 300
    assert said(text=text).endswith("a sentence.") and len(said(text=text)) <= 4000
    ssml = "<speak><p>" + "<s>This is a <emphasis>sentence</emphasis>.</s> " * 150 + "and no end" * 600 + "</p></speak>"
    cut = said(speak="<speak>" + "<prosody rate='fast'>" + "Say this. " * 1200 + "</prosody></speak>")
    assert cut.endswith("Say this.</prosody></speak>") and 9000 < len(cut) < 10_100
    assert "characters are not said" in remarks(speak=ssml + "x" * 10_000)[0]
    many_tags = said(speak="<speak>" + "<s>Say this.</s>" * 1200 + "</speak>")
    assert many_tags.endswith("Say this.") and "<" not in many_tags


def test_what_cards_have_too_much_of_is_told() -> None:
    assert remarks(attachments=[classic(title="x")] * 13) == ["its cards are longer than what is said of them"]
    assert remarks(attachments=[card(*[block(f"word {n}") for n in range(300)])]) != []
    assert remarks(attachments=[card(block("x"))]) == []


def test_a_file_instead_of_a_message_is_instead_of_all_of_it() -> None:
    data = {"activityParams": {"playUrlUrl": "https://x.example/a.wav"}}
    whole = "<speak xml:lang='de-DE'>Guten Tag</speak>"
    (message,) = messages(text="Hello.", channelData=data, attachments=[card(speak=whole)])
    assert (message.audio, message.speak) == ("https://x.example/a.wav", "Hello. Guten Tag")
