"""The SDKs that dialogs can run on, by name. Importing this imports none of them.

======================  ============================================================================================
``botbuilder``          Bot Framework SDK 4.17 (the default; archived): :mod:`voicebot.host.sdk_botbuilder`
``microsoft-agents``    Microsoft 365 Agents SDK, its successor (an extra): :mod:`voicebot.host.sdk_agents`
======================  ============================================================================================
"""

from __future__ import annotations

import os
from typing import Literal

SdkName = Literal["botbuilder", "microsoft-agents"]

SDK_ENV = "VOICEBOT_SDK"
"""The environment variable that chooses the SDK of a process; it is read when the SDK is imported."""
BOTBUILDER: SdkName = "botbuilder"
MICROSOFT_AGENTS: SdkName = "microsoft-agents"
PACKAGES: dict[SdkName, str] = {BOTBUILDER: "botbuilder", MICROSOFT_AGENTS: "microsoft_agents"}
"""The package that must be installed for each."""


def chosen_sdk() -> SdkName:
    """The SDK of this process. Raises ImportError for an unknown name."""
    wanted = os.environ.get(SDK_ENV) or BOTBUILDER
    for name in PACKAGES:
        if name == wanted:
            return name
    raise ImportError(f"{SDK_ENV}={wanted}: neither {' nor '.join(PACKAGES)}")
