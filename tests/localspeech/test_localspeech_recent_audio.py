from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voicebot.localspeech.recent_audio import RecentAudio

SIZE = 100


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 150)), max_size=40))
def test_what_is_needed_and_fits_is_kept_at_its_place_in_the_stream(appended: list[tuple[int, int]]) -> None:
    audio, stream, needed = RecentAudio(SIZE), np.arange(40 * 40, dtype=np.float32), 0
    for size, behind in appended:
        needed = max(needed, audio.end - behind)
        audio.append(stream[audio.end : audio.end + size], needed)
        first = max(needed, audio.end - SIZE)
        assert audio.start <= first
        assert (audio.between(first, audio.end) == stream[first : audio.end]).all()
        assert len(audio.between(audio.start, audio.end)) == audio.end - audio.start <= SIZE
