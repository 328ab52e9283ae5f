"""A :class:`SpeechEndpoint` as the SDK wants it."""

from __future__ import annotations

import azure.cognitiveservices.speech as sdk

from voicebot.speechsdk.endpoint import SpeechEndpoint


def speech_config(endpoint: SpeechEndpoint) -> sdk.SpeechConfig:
    """A new SDK configuration, for recognition or synthesis. ``endpoint.token`` should not block."""
    token = endpoint.authorization_token()
    if endpoint.region:
        if token:
            return sdk.SpeechConfig(auth_token=token, region=endpoint.region)
        return sdk.SpeechConfig(subscription=endpoint.key, region=endpoint.region)
    if endpoint.host:
        config = sdk.SpeechConfig(host=endpoint.host, subscription=endpoint.key)
    else:
        config = sdk.SpeechConfig(endpoint=endpoint.endpoint, subscription=endpoint.key)
    if token:
        config.authorization_token = token
    return config


PERMANENT = (
    sdk.CancellationErrorCode.AuthenticationFailure,
    sdk.CancellationErrorCode.Forbidden,
    sdk.CancellationErrorCode.BadRequest,
)
"""The same request will not succeed later either."""
