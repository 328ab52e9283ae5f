"""What `voicebot.app` puts together besides the rooms: processes that it supervises, and parts made out of settings.

The dialogs' versions with their hosts (`dialog_versions`, `dialog_folder`, `supervisor`), which bot takes a call
(`ways`), the SIP side (`sip`), and what `/metrics` tells (`figures`).
"""
