"""Facts about the company. Change them here; the sentences around them are in prompts.py."""

from __future__ import annotations

NAME = "Contoso Energy"
AGENT_NUMBER = "+14255550123"
ACCOUNT_DIGITS = 6
ZIP_DIGITS = 5
