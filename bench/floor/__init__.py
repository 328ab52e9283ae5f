"""How a call feels: when callers are answered, what interrupts a prompt, and what is understood, in real calls.

`sounds` makes sounds by formula and mixes them, `sources` reads and renders sayings, `sayings` and `cases` are the
tables of what is said to which question, `caller` is the telephone, `calls` places the calls of one side, `scoring`
judges them (pure), `report` counts (pure). `virtual` hears answers in virtual time, without calls (`virtual_call`,
`virtual_recogniser`). ``python -m bench.floor`` runs it all.
"""
