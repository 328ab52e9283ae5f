"""Every sentence that the caller hears. Change a text here; nothing else has to be touched.

Sentences without a ``{gap}`` are rendered ahead of the first call, so they start at once.
"""

from __future__ import annotations

from .company import NAME

# The greeting cannot be interrupted (the notice has to be heard), so keep it short.
WELCOME = f"Welcome to {NAME}. This call may be recorded."

MENU = "How can I help you? You can say billing, outage, opening hours, or agent."
MENU_AGAIN = "What else can I do for you? Billing, outage, opening hours, or an agent?"
MENU_RETRY = (
    "Sorry, I did not get that. Please say billing, outage, opening hours, or agent.",
    "Let's use the keypad. For billing, press 1. For an outage, press 2. For opening hours, press 3. "
    "For an agent, press 0.",
)
MENU_HELP = (
    "I can tell you what you owe and when it is due, whether there is a power outage, or when we are open. "
    "Say billing, outage, or opening hours. For an agent, press 0."
)

ACCOUNT = "Please say your six digit account number, or enter it on your keypad."
ACCOUNT_RETRY = (
    "Sorry, I did not get that. Please say the six digits of your account number, one by one.",
    "Please enter the six digits of your account number on your keypad.",
)
ACCOUNT_HELP = "Your account number has six digits and is at the top of your bill. Please say or enter it now."
ACCOUNT_REST = "And the rest of the number?"
ACCOUNT_SHORT = "An account number has six digits. Please enter all six of them."
ACCOUNT_CONFIRM = "I have {digits}. Is that right?"
ACCOUNT_CONFIRM_RETRY = (
    "Please say yes or no. I have {digits}. Is that right?",
    "If {digits} is right, press 1. If it is wrong, press 2.",
)
ACCOUNT_CONFIRM_HELP = "I want to be sure about your account number. I have {digits}. Please say yes or no."
ACCOUNT_WRONG = "Sorry about that. Let's try again."
ACCOUNT_UNKNOWN = "I cannot find an account with the number {digits}."
LOOKING = "One moment, please. I am looking that up."

BILL_DUE = "Your balance is {amount}, and it is due on {date}."
BILL_OVERDUE = "Your balance is {amount}. It was due on {date}, so please pay it soon."
BILL_PAID = "Your account is paid up. There is nothing due."

ZIP = "Please say or enter your five digit zip code."
ZIP_RETRY = (
    "Sorry, I did not get that. Please say the five digits of your zip code, one by one. "
    "Or say account, to use your account number.",
    "Please enter your five digit zip code on your keypad.",
)
ZIP_HELP = "I look for outages by zip code. Say or enter its five digits, or say account to use your account number."
ZIP_REST = "And the rest of the zip code?"
ZIP_SHORT = "A zip code has five digits. Please enter all five of them."
OUTAGE_FOUND = (
    "There is an outage in {digits}, caused by {cause}. We expect the power to be back by {time} at the latest."
)
OUTAGE_NONE = "We know of no outage in {digits}. If your power is out, please check your breakers first."

HOURS = "We are open Monday to Friday from 8 a.m. to 6 p.m., and on Saturday from 9 a.m. to 1 p.m."

ANYTHING_ELSE = "Is there anything else I can do for you?"
ANYTHING_ELSE_RETRY = (
    "Is there anything else? Please say yes or no.",
    "If you need anything else, press 1. If not, press 2, or just hang up.",
)
ANYTHING_ELSE_HELP = "Say yes if I can help you with something else, or no to end the call."

TROUBLE = "I am having trouble understanding you."
TRANSFER = "I will connect you with an agent now. Please hold."
TRANSFER_FAILED = "I am sorry, our agents cannot be reached at the moment."
START_OVER = "All right, let's start over."
GOODBYE = f"Thank you for calling {NAME}. Goodbye."


def _fixed() -> list[str]:
    texts: list[str] = []
    for name, value in list(globals().items()):
        if name.isupper() and name != "NAME":
            texts.extend([value] if isinstance(value, str) else value)
    return [text for text in texts if "{" not in text]


PROMPTS = _fixed()
