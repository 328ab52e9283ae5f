"""The subcommands of ``voicebot``. Each takes its options, prints its results and returns an exit status.

0: success; 1: the result is not as it should be; 2: the command could not begin (settings, arguments), with one line on
standard error.
"""
