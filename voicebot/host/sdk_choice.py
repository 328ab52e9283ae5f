"""Which SDKs dialogs may run on, by name; known without importing any of them.

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
"""The environment variable that settles it for a process, before the SDK is imported."""
BOTBUILDER: SdkName = "botbuilder"
MICROSOFT_AGENTS: SdkName = "microsoft-agents"
PACKAGES: dict[SdkName, str] = {BOTBUILDER: "botbuilder", MICROSOFT_AGENTS: "microsoft_agents"}
"""What must be installed for each."""


def chosen_sdk() -> SdkName:
    """The SDK of this process. Raises ImportError for a name that there is not."""
    wanted = os.environ.get(SDK_ENV) or BOTBUILDER
    for name in PACKAGES:
        if name == wanted:
            return name
    raise ImportError(f"{SDK_ENV}={wanted}: neither {' nor '.join(PACKAGES)}")
