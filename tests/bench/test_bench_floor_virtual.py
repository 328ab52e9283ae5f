"""Answers in virtual time, by the offline models: two recordings of the offline voice."""

from __future__ import annotations

from pathlib import Path

from bench.floor import report, virtual
from bench.floor.cases import Case, Condition, Purpose
from bench.floor.scoring import Verdict
from bench.floor.sounds import USUAL_DBFS, Samples, Sound, as_floats, at_level, in_silence, kitchen, sound
from bench.floor.sources import Library, Recorded, Source
from voicebot.audio import PCMU
from voicebot.caller.wav import read_wav

RECORDINGS = Path(__file__).parents[1] / "localspeech" / "misheard"
OUTAGE = Case("outage", "menu", "menu", Purpose.ANSWER, Recorded("outage"), value="outage")
DIGITS = Case(
    "digits", "digits4", "digits", Purpose.ANSWER, Recorded("eight_oh_five_two"), Condition.NOISE, value="8052"
)


class RecordedLibrary(Library):
    def sound(self, source: Source) -> Sound:
        samples = as_floats(PCMU.decode(read_wav(RECORDINGS / f"{source.name}.wav", PCMU)))
        return sound(source.name, in_silence(at_level(samples, USUAL_DBFS)))

    def noise(self) -> Samples:
        return kitchen()


async def test_answers_are_understood_and_timed_and_the_same_when_heard_again(tmp_path: Path) -> None:
    result = await virtual.answers([OUTAGE, DIGITS], RecordedLibrary(tmp_path), kept=tmp_path)
    assert [(o.case.name, o.verdict, o.cut_off) for o in result.outcomes] == [
        ("outage", Verdict.RIGHT, False),
        ("digits", Verdict.RIGHT, False),
    ]
    for outcome in result.outcomes:
        moments = outcome.moments
        assert outcome.ended == "complete"
        assert outcome.gap_ms is not None and 100 < outcome.gap_ms < 900
        assert moments.noticed is not None and moments.asked is not None and moments.noticed <= moments.asked
    again = await virtual.answers([OUTAGE, DIGITS], RecordedLibrary(tmp_path), kept=tmp_path)
    assert [o.as_dict() for o in again.outcomes] == [o.as_dict() for o in result.outcomes]
    slower = await virtual.answers([DIGITS], RecordedLibrary(tmp_path), 10.0, tmp_path)
    assert (slower.outcomes[0].gap_ms or 0) > (result.outcomes[1].gap_ms or 0)
    (line,) = report.worst(slower, 1)
    assert "digits" in line and "asked" in line
