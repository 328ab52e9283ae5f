"""What the subcommands of ``voicebot`` do: each takes its options, talks to a person or a machine, returns a status.

0: done; 1: it did not come out as it should; 2: it could not begin (settings, arguments), told in one line.
"""
