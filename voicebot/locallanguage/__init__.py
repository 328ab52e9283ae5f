"""The offline language service: the REST protocol of Azure AI Language on loopback, with rules and lexicons of our own.

A process of its own, supervised as `localspeech` is. It sees only what a call's redaction has let pass.
"""
