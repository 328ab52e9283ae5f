"""Who is let into the console, by the settings."""

from __future__ import annotations

from voicebot.settings import Settings
from voicebot.web import Access, AuditLog, Figure, Role, Token

CONSOLE = "console"
"""The name of the holder of ``console.token``."""


def access(settings: Settings) -> Access:
    """Without a token, who sits at this machine may do all as long as nobody else can call: where there are lines to
    others, programs of this machine are strangers here as they are in SIP, and what real callers say is not for every
    user."""
    console = settings.console
    tokens = [Token(token.name, Role[token.role.upper()], token.secret) for token in console.tokens]
    if console.has_token:
        tokens.append(Token(CONSOLE, Role.ADMIN, console.secret))
    alone = not (settings.trunks or settings.accounts or settings.acs.endpoint or settings.pyvoip.server)
    audit = AuditLog(console.audit_log or settings.calls.records.with_name("audit.jsonl"))
    return Access(tokens, private=alone and console.is_private, audit=audit)


def audit_figure(audit: AuditLog) -> Figure:
    """What was done, and nobody will be able to read."""
    return Figure("audit_lines_lost", "Lines of the audit log that could not be written", {"": audit.lost})
