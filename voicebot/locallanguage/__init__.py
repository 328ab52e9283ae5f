"""The offline language service: the REST protocol of Azure AI Language on loopback, with rules and lexicons of our own.

A process of its own, supervised as `localspeech` is. It sees only what a call's redaction has let pass.

From the ground up: `tokens` and `lexicon`; what is made of a text (`sentiment`, `key_phrases`, `personal`,
`extraction`), pure; `documents` reads requests, `kinds` answers them, `jobs` keeps those that are asked for later;
`server` and `cli`.
"""
