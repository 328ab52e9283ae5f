"""What callers say to each question of the bench, and what the bot should take; what is heard over a prompt. Values
are as the bot writes them.

The tables were written before anything was run, in the words that callers use. A saying that a recogniser or a rule
gets wrong stays here as it is. Hums are made by formula: what the offline voice says for "Mhm." is "about".
"""

from __future__ import annotations

from typing import Final

from bench.floor.sources import Made, Prompt, ReadOut, Recorded, Rendered, Source
from bench.recordings import DIGITS, shared


def _said(text: str, pause_s: float = 0.0) -> Rendered:
    return Rendered(tuple(part.strip() for part in text.split("|")), pause_s)


YESNO: Final = {
    "yes": ["Yes.", "Yeah.", "Yep.", "Yes, please.", "Yes, that's right.", "Correct.", "That's correct.", "Okay.",
            "Sure.", "Right.", "Yes, it is.", "Absolutely."],
    "no": ["No.", "Nope.", "No, thanks.", "No, that's wrong.", "That's not right.", "No, it isn't.", "Not really."],
}  # fmt: skip
MENU: Final = {
    "billing": ["Billing.", "Billing, please.", "My bill.", "I'd like to pay my bill.", "Account balance.",
                "I have a question about my bill."],
    "outage": ["Outage.", "Power outage.", "The power is out.", "I have no power at home."],
    "hours": ["Hours.", "Opening hours, please.", "What are your opening hours?", "When are you open?"],
    "cancel": ["Cancel.", "I want to cancel.", "Cancellation, please."],
}  # fmt: skip
MONEY: Final = {
    "42.5": ["Forty-two dollars and fifty cents.", "Forty-two fifty."],
    "12": ["Twelve dollars.", "Twelve."],
    "180": ["One hundred and eighty dollars.", "A hundred eighty."],
    "9.99": ["Nine dollars and ninety-nine cents.", "Nine ninety-nine."],
    "1,250": ["Twelve hundred and fifty dollars.", "One thousand two hundred fifty."],
    "75": ["Seventy-five dollars, please."],
}
DATE: Final = {
    "Sunday, May 9, 2027": ["May ninth, twenty twenty-seven.", "The ninth of May, twenty twenty-seven."],
    "Wednesday, March 3, 2027": ["March third, twenty twenty-seven.", "The third of March, two thousand twenty-seven."],
    "Thursday, July 15, 2027": ["July the fifteenth, twenty twenty-seven.",
                                "Thursday, July fifteenth, twenty twenty-seven."],
    "Monday, February 1, 2027": ["February first, twenty twenty-seven.",
                                 "Monday, the first of February, twenty twenty-seven."],
    "Tuesday, October 26, 2027": ["October twenty-sixth, twenty twenty-seven.",
                                  "October twenty-six, twenty twenty-seven."],
}  # fmt: skip
OPEN: Final = [
    "I'd like to know why my last bill was so high.", "My internet has not been working since yesterday evening.",
    "Can you tell me, um, where my order is?", "I moved, and I need to change my address.",
    "I want to speak to somebody about the contract.", "The technician did not come this morning, and nobody called.",
    "I lost my card.", "Do you have an appointment next week?",
]  # fmt: skip
NUMBERS: Final = {
    4: ["9052", "1187", "3306", "4471"],
    6: ["603927", "830166", "598213", "274005", "119358", "462780"],
    10: ["4255550122", "8006421193", "2067783350", "9175504618"],
}
PAUSED: Final[dict[int, list[tuple[str, ...]]]] = {
    6: [("603", "927"), ("274", "005"), ("11", "93", "58"), ("462", "780")],
    10: [("425", "555", "0122"), ("206", "778", "3350"), ("917", "550", "4618")],
}
"""Digits in groups, each with each of the pauses."""
PAUSES_S: Final = (0.2, 0.35, 0.55, 0.8)

BACK_CHANNEL: Final[list[Source]] = [
    *(_said(text) for text in ("Okay.", "Yeah.", "Right.", "Sure.", "Uh-huh.", "I see.")),
    *(Made(name) for name in ("hum-mhm", "hum-mm", "hum-uh-huh", "laugh")),
]
COUGHS_AND_KNOCKS: Final[list[Source]] = [Made(f"{kind}-{n}") for kind in ("cough", "knocks") for n in range(4)]
MUSIC: Final[list[Source]] = [Made(f"{kind}-{n}") for kind in ("music", "song") for n in range(2)]
KITCHEN: Final[list[Source]] = [Made("kitchen")]
OTHER_VOICES: Final[list[Source]] = [
    Prompt("tt-weasels", 4.0),
    Prompt("demo-congrats", 4.0),
    Prompt("hours"),
    Recorded("ps_lv0880"),
    Recorded("ps_lv0920"),
]
INTERRUPTIONS: Final[list[Source]] = [
    *(_said(text) for text in ("Stop.", "Wait.", "Hold on.", "Can you repeat that?", "Agent.", "No, that is wrong.",
                               "I want to pay my bill.", "Sorry, what was that?", "Opening hours, please.",
                               "I have another question.")),
    Recorded("az_weather"), Recorded("ps_goforward"), Recorded("pv_9cf1f42a"), Recorded("pv_d05dadab"),
]  # fmt: skip
BILLING: Final = _said("Billing, please.")


def answers() -> list[tuple[str, str, Source]]:
    """The question, what the bot should take, and what is said."""
    found: list[tuple[str, str, Source]] = []
    for question, table in (("yesno", YESNO), ("menu", MENU), ("money", MONEY), ("date", DATE)):
        found += [(question, value, _said(text)) for value, texts in table.items() for text in texts]
    found += [("open", text, _said(text)) for text in OPEN]
    found.append(("menu", "hours", Prompt("hours")))
    for length, numbers in NUMBERS.items():
        for number in numbers:
            found.append((f"digits{length}", number, _said(spelled(number))))
            found.append((f"digits{length}", number, ReadOut((number,), 0.0)))
    for length, grouped in PAUSED.items():
        for index, groups in enumerate(grouped):
            for pause_s in PAUSES_S:
                if index % 2:
                    found.append((f"digits{length}", "".join(groups), ReadOut(groups, pause_s)))
                else:
                    said = [spelled(group, ",") for group in groups[:-1]] + [spelled(groups[-1])]
                    found.append((f"digits{length}", "".join(groups), Rendered(tuple(said), pause_s)))
    for recording in shared("human_digits"):
        found.append((f"digits{len(recording.words)}", recording.digits, Recorded(recording.name)))
    for kind in ("human_misc", "human_cmd"):
        for recording in shared(kind):
            found.append(("open", " ".join(recording.words or recording.slots), Recorded(recording.name)))
    return found


def spelled(number: str, end: str = ".") -> str:
    """``426`` as "Four two six."."""
    return " ".join(DIGITS[int(digit)] for digit in number).capitalize() + end
