"""A phone voice bot: SIP and RTP towards the caller, Azure Speech (or our offline service), Bot Framework dialogs."""

__version__ = "0.1.0"
