"""Who is let into a console, for tests."""

from __future__ import annotations

from voicebot.web import Access, Role, Token


def let_in(token: str = "", role: Role = Role.ADMIN, **others: Role) -> Access:
    """``token`` has ``role``, and each of ``others`` the role that is its value; without any, who sits at this machine
    is let in."""
    roles = ({token: role} if token else {}) | others
    return Access([Token(shown, its, lambda shown=shown: shown) for shown, its in roles.items()], private=True)  # type: ignore[misc]
