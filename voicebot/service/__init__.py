"""What `voicebot.app` puts together: parts made out of the settings, and the processes that are supervised.

The dialogs' versions with their hosts (`dialog_versions`, `dialog_version`, `dialog_folder`, `supervisor`), the speech
service (`speech`) and the prompts that it renders ahead (`warming`), which bot takes a call (`channels`), the SIP
side (`sip`, `pyvoip`), what calls are made of (`call_services`, `placing`), and what the console tells (`health`,
`figures`, `overview`).
"""
