"""Calls that were: their records searched, drawn and told, in a process of its own (`python -m voicebot.archive`).

The files from the ground up: `digest` says what of a record can be searched for, `query` what is asked; `index` is the
SQLite file beside the records, and `upkeep` makes it agree with the folder. `waves`, `picture` and `ladder` show one
call. `server` is the process, `client` what the call process asks it with.

Rules of this package:

* The records are what counts. The index can be lost at any time, and is made from them again.
* There is no word in the index that is not in a record, and none of a record that is gone.
"""
