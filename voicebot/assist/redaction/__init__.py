"""What is withheld of what parties say, before anything else sees it.

Pure. From the ground up: the words of the languages (`words`), words to groups of digits (`reading`), marks (`span`),
one file for each kind of what is withheld (`cards`, `accounts`, `phones`, `emails`, `names`), which of them (`policy`),
the order in which they are looked for (`finding`), and what is known in a call (`redactor`). Who adds a kind writes a
file, and a line in `policy` and in `finding`.

Here is what every call process loads, also where nobody is listened to. The rest reads tables, and is imported from its
file.
"""

from voicebot.assist.redaction.policy import RedactionPolicy, WithheldKind
from voicebot.assist.redaction.span import HELD

__all__ = ["HELD", "RedactionPolicy", "WithheldKind"]
