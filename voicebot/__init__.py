"""A phone voice bot: SIP/RTP calls in, Bot Framework dialogs behind, Azure Speech (or our offline service) between."""

__version__ = "0.1.0"
