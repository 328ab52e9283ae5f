"""AudioCodes' session parameters that need more than a line in ``test_bots_interpretation.py``."""

from __future__ import annotations

from typing import Any

from voicebot.bots.session_parameters import configured
from voicebot.events import CallConfigured


def config(**parameters: Any) -> CallConfigured | None:
    return configured(parameters, 9.0)


def test_a_bot_says_what_covers_its_own_silence_and_how_long_it_may_last() -> None:
    # https://techdocs.audiocodes.com/voice-ai-connect/Content/VAIG_Combined/handle-bot-delay.htm
    assert config(
        botNoInputTimeoutMS=1500,
        botNoInputSpeech=["Please <break/> wait.", "Still here."],
        botNoInputUrl="https://x.example/music.wav",
        botNoInputRetries=2,
        botNoInputGiveUpTimeoutMS=20_000,
    ) == CallConfigured(
        9.0,
        masking_s=1.5,
        masking_text="<speak>Please <break/> wait.</speak>",
        masking_audio="https://x.example/music.wav",
        masking_retries=2,
        bot_give_up_s=20.0,
    )
    assert config(botNoInputTimeoutMS=0) == CallConfigured(9.0, masking_s=600.0)
    assert config(botNoInputGiveUpTimeoutMS=0) == CallConfigured(9.0, bot_give_up_s=0.0)
    odd = dict.fromkeys(("botNoInputTimeoutMS", "botNoInputRetries", "botNoInputGiveUpTimeoutMS"), "1000")
    assert config(bargeIn=True, botNoInputSpeech=7, botNoInputUrl=["file:///x"], **odd) == CallConfigured(
        9.0, barge_in=True
    )


def test_what_a_silent_caller_hears_may_be_ssml_without_a_root() -> None:
    assert config(userNoInputSpeech="Are you <break/> there?") == CallConfigured(
        9.0, no_input_speech="<speak>Are you <break/> there?</speak>"
    )
