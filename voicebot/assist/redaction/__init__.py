"""What is withheld of what parties say, before anything else sees it.

Pure. From the ground up: the words of the languages (`words`), words to groups of digits (`reading`), marks (`span`),
one file for each kind of what is withheld (`cards`, `accounts`, `phones`, `emails`, `names`), which of them (`policy`),
and what is known in a call (`redactor`). Who adds a kind writes a file, and a line in `policy`.
"""

from voicebot.assist.redaction.names import words_of_name
from voicebot.assist.redaction.policy import Kind, RedactionPolicy, warm
from voicebot.assist.redaction.redactor import REMEMBERED_S, Redacted, Redactor
from voicebot.assist.redaction.span import HELD

__all__ = ["HELD", "REMEMBERED_S", "Kind", "Redacted", "RedactionPolicy", "Redactor", "warm", "words_of_name"]
