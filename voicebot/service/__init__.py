"""The parts that `voicebot.app` composes: made from the settings, or supervised processes.

The versions of the dialogs and their hosts (`dialog_versions`, `dialog_version`, `dialog_folder`, `supervisor`), the
speech service (`speech`) and the prompts that are synthesised ahead (`warming`), the choice of a call's bot
(`channels`), SIP (`sip`, `pyvoip`), what calls need (`call_services`, `placing`), and what the console shows (`health`,
`figures`, `overview`).
"""
