"""A call about a late parcel, as it is told while it goes on."""

from __future__ import annotations

from dataclasses import replace

from watched_call import WatchedCallDouble

from voicebot.assist.entries import ChecklistItem, KeyPhrases, Mood, Sentiment, Suggestion, Utterance, Withheld

_SAID: list[tuple[str, str, float | None]] = [
    ("p2", "Good morning, this is Sam. How can I help you?", 0.5),
    ("p1", "Hello. My parcel was promised for Monday, and it never came.", -0.5),
    ("p2", "I am sorry to hear that. May I have your name and your order number?", 0.1),
    ("p1", "Ada Miller. The order is four seven one one, and I have called three times already.", -0.6),
    ("p2", "Thank you. I see that it was sent back by the carrier. I can send it again today, or refund it.", 0.3),
    ("p1", "Then I want my money back. It is on my card, [card number].", -0.2),
    ("p2", "The refund is on its way. You will have it within five days.", 0.4),
    ("p1", "That is quick. Thank you, you have been a great help.", 0.8),
]
CHECKLIST = [
    ChecklistItem("greet", "Greet, and say your name"),
    ChecklistItem("identity", "Check who is calling"),
    ChecklistItem("refund", "Offer a refund"),
    ChecklistItem("more", "Ask whether that is all"),
]
_CARD = "[card number]"


def play(call: WatchedCallDouble) -> None:
    """The whole call, up to where the caller says goodbye."""
    for item in CHECKLIST:
        call.feed.add(item)
    lately = {"p1": 0.0, "p2": 0.0}
    for n, (party, text, score) in enumerate(_SAID, 1):
        name = f"s{n}"
        begin = 1_000 + 6_000 * n
        at = text.find(_CARD)
        withheld = (Withheld("card number", at, at + len(_CARD)),) if at >= 0 else ()
        call.feed.add(Utterance(name, party, text.split(",")[0], begin, begin + 2_000, True, (), "en-US"))
        call.feed.add(Utterance(name, party, text, begin, begin + 5_000, False, withheld, "en-US"))
        if score is not None:
            lately[party] = 0.5 * lately[party] + 0.5 * score
            kind = Sentiment.POSITIVE if score > 0.3 else Sentiment.NEGATIVE if score < -0.3 else Sentiment.NEUTRAL
            call.feed.add(Mood(name, kind, score, lately[party]))
        if n == 1:
            call.feed.add(replace(CHECKLIST[0], done_by=name))
        if n == 2:
            call.feed.add(KeyPhrases(name, ("parcel",)))
            call.feed.add(
                Suggestion(
                    "parcel",
                    "A parcel that never came",
                    "Look whether the carrier has sent it back.\nIf so, offer to send it again, or a refund.",
                    "delivery.md: Lost parcels",
                    name,
                    6.1,
                )
            )
        if n == 6:
            call.feed.add(
                Suggestion("refund", "Refunds", "To the same card, within five days.", "refunds.md: Cards", name, 4.2)
            )
    call.feed.add(Utterance("s9", "p1", "Goodbye and have a", 55_000, 56_000, True, (), "en-US"))
