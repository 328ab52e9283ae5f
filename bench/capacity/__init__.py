"""How many talking calls a core carries: one command, two cores (``python -m bench.capacity``).

* `talk`: one call of a phone in C, which follows a script; `callers`: lines that call again and again;
* `usage`: which process has which core, and what each took of it;
* `stages`: where our own share of the gaps goes, by the records of the calls;
* `report`: the row of a load, and what was at its limit.
"""
