"""Why somebody has called, by the offline summary: what the caller says first that is wanted or wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from language_faults import KEY, FaultyLanguage

from voicebot.assist.analysis import SpokenLine
from voicebot.assist.analysis_client import LanguageClient
from voicebot.assist.endpoints import LanguageEndpoint
from voicebot.assist.summary import ExtractiveSummariser
from voicebot.events.parties import Role

ROLES = {"A": Role.AGENT, "B": Role.BOT, "C": Role.CALLER}

CALLS = [
    (
        """A: Good morning, my name is Ben. How can I help you?
        C: My internet has been down for three days, and nobody called me back. This is terrible.
        A: I am very sorry to hear that. May I have your customer number, please?
        C: I do not know it. I also got a reminder for a late payment, and I want to pay that bill.
        C: My credit card is [card number].
        A: Your payment has been made.
        C: That is wonderful. Thank you so much for your help.""",
        "My internet has been down for three days, and nobody called me back.",
    ),
    (
        """A: Hello, how can I help?
        C: Hi, this is Maria Lopez speaking. The heating in my flat makes strange noises since last night.
        A: I see.
        C: And I would like to change my address, too.""",
        "The heating in my flat makes strange noises since last night.",
    ),
    (
        """A: Welcome, what can I do for you?
        C: Finally somebody answers. I have been waiting in the queue for half an hour.
        A: I am sorry.
        C: I want to cancel my contract at the end of the month. The bills are never right.""",
        "I want to cancel my contract at the end of the month.",
    ),
    (
        """C: Good morning. Can you hear me?
        A: Yes, I can.
        C: My parcel was supposed to arrive on Tuesday, but it never came.
        A: What is the number?
        C: I still have the invoice somewhere, one moment please. The last one was damaged as well.""",
        "My parcel was supposed to arrive on Tuesday, but it never came.",
    ),
    (
        """A: How may I help you?
        C: Hello, I have a question.
        A: Go ahead.
        C: How do I reset the password of my mailbox?
        A: On the page of your account.
        C: By the way, my last bill was too high.""",
        "How do I reset the password of my mailbox?",
    ),
    (
        """A: Good evening, what can I do for you?
        C: Block my card. I lost it this morning on the train.
        A: It is blocked.
        C: I also need a new one before Friday.""",
        "Block my card.",
    ),
    (
        """C: Hi, I'd like to book a table for four on Sunday.
        A: For what time?
        C: Seven. And I have a complaint about the last visit, the soup was cold.""",
        "Hi, I'd like to book a table for four on Sunday.",
    ),
    (
        """A: Good afternoon, how can I help you?
        C: I have been a customer for twelve years, and I have always paid on time. Yesterday you charged me twice.
        A: Let me have a look.
        C: The app does not work either.""",
        "Yesterday you charged me twice.",
    ),
    (
        """A: May I have your name, please?
        C: My name is John Miller, and my customer number is 5 5 2.
        A: Thank you. What is it about?
        C: The technician who was here on Monday left a hole in the wall.
        A: Oh dear.
        C: I am also not happy with the price.""",
        "The technician who was here on Monday left a hole in the wall.",
    ),
    (
        """A: Hello, how can I help?
        C: Yes, hello. I'm calling about the letter that you sent me. It says that my tariff ends in May.
        C: And can you tell me the price of the new router?""",
        "I'm calling about the letter that you sent me.",
    ),
    (
        """A: Hello, this is the help desk.
        C: Thank you for taking my call. The printer on the third floor prints only black pages.
        A: Have you changed the toner?
        C: I do not know how. While I have you, I need a new mouse.""",
        "The printer on the third floor prints only black pages.",
    ),
    (
        """C: Could you transfer money for me?
        A: To which account?
        C: To my sister's. There is a problem with my statement, too.""",
        "Could you transfer money for me?",
    ),
    (
        """A: What can I do for you today?
        C: Why is my flight delayed?
        A: There is a storm.
        C: Then I want my money back.""",
        "Why is my flight delayed?",
    ),
    (
        """A: Good morning.
        C: Good morning, my phone has no signal since I changed the card.
        A: Which phone is it?
        C: It is the blue one. I do not have it with me. I want to return it anyway.""",
        "Good morning, my phone has no signal since I changed the card.",
    ),
    (
        """B: Welcome to the bank. I want to help you. What is it about?
        C: My transfer has not arrived.
        B: I put you through.
        A: Hello, how can I help you?
        C: As I said, I am waiting for the money. And I need a new card.""",
        "My transfer has not arrived.",
    ),
    (
        """A: How can I help you?
        C: No, wait, just a moment please.
        A: Sure.
        C: So. Somebody used my account while I was on holiday.
        C: I need a new password, and I would like to speak to your supervisor.""",
        "Somebody used my account while I was on holiday.",
    ),
]


@pytest.fixture
async def summariser() -> AsyncIterator[ExtractiveSummariser]:
    async with FaultyLanguage() as service:
        client = LanguageClient(lambda: LanguageEndpoint(service.url, KEY))
        await client.start()
        yield ExtractiveSummariser(client)
        await client.close()


@pytest.mark.parametrize(("call", "reason"), CALLS, ids=[reason[:30] for _, reason in CALLS])
async def test_the_reason_is_the_first_matter_of_the_caller(
    summariser: ExtractiveSummariser, call: str, reason: str
) -> None:
    lines = []
    for number, line in enumerate(call.splitlines()):
        who, _, text = line.strip().partition(": ")
        lines.append(SpokenLine(str(number), who, ROLES[who], text, "en-US"))
    summary = await summariser.summary(lines)
    assert summary.reason.startswith(reason)
    own = next(line.text for line in lines if reason in line.text)
    assert summary.reason in own, "nothing from another line"
