from __future__ import annotations

import numpy as np
import pytest

from voicebot.localspeech.decoder import Memory, Row, Written
from voicebot.localspeech.prefixes import Prefixes

NOTHING = Memory({}, np.zeros((1, 1, 1, 0), np.float32))


def written(row: Row) -> Written:
    """A past whose numbers are the tokens; after each token, that one is likely."""
    logits = np.zeros((len(row.tokens), 10), np.float32)
    logits[np.arange(len(row.tokens)), row.tokens] = 5
    added = np.array(row.tokens, np.float32)[None, :, None]
    return Written(NOTHING, logits, np.concatenate((row.past, added), axis=1), row.past.shape[1])


def begun(*guessed: int) -> Prefixes:
    return Prefixes(written(Row(NOTHING, np.zeros((1, 0, 1), np.float32), [1, *guessed])), guessed)


def test_what_was_guessed_is_known_and_nothing_else() -> None:
    known = begun(7, 8)
    assert all(prefix in known for prefix in ((), (7,), (7, 8)))
    assert (8,) not in known and (7, 8, 9) not in known
    assert [int(known.logits(prefix).argmax()) for prefix in ((), (7,), (7, 8))] == [1, 7, 8]
    assert known.log_sum((7,)) == pytest.approx(np.log(np.exp(5) + 9))


def test_a_row_has_the_past_of_its_own_prefix_and_no_more() -> None:
    known = begun(7, 8)
    steps = known.read([((7, 3), (4,)), ((7, 8, 5), ())])
    rows = next(steps)
    assert [row.past[0, :, 0].tolist() for row in rows] == [[1, 7], [1, 7, 8]]
    assert [list(row.tokens) for row in rows] == [[3, 4], [5]]
    with pytest.raises(StopIteration):
        steps.send([written(row) for row in rows])
    assert (7, 3) in known and (7, 3, 4) in known and (7, 8, 5) in known
    (row,) = next(known.read([((7, 3, 4, 6), ())]))
    assert row.past[0, :, 0].tolist() == [1, 7, 3, 4]
