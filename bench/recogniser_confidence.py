"""What the confidence of the offline recogniser is worth: right and wrong answers to closed questions and digits.

    python -m bench.recogniser_confidence [--takes 1] [--fit]

Answers of the offline voice, of Debian's Asterisk prompts and of the human voices of the shared audio, clean and with
noise, are decoded as one phrase each, with the phrases that a dialog waits for. *Wrong* is a value that was not said;
it costs a caller more than being asked again. Sounds that are no
words (:mod:`bench.recogniser_sounds`) come as answers too. ``--fit`` prints the numbers of
`voicebot.localspeech.confidence` and `voicebot.localspeech.hums` for the first half; the tables are of the other half.

November 2026. The measures were chosen on other answers of the same two voices and on the same human recordings, and
the sounds are made by formula, so strangers may do worse:

                        as if all were words                 as it is
    digits              108 right, 3 wrong, 8 nothing        114 right, 4 wrong, 9 nothing
      below 0.55        2 of the wrong, none of the right    2 of the wrong, 1 of the right
    closed questions    24 right, 0 wrong, 1 nothing         22 right, 0 wrong, 2 nothing
      below 0.4         none                                 none
    sounds              15 of 125 hums, 12 doubtful words,   63 of 130 no match, 62 hums, 5 doubtful words
                        98 clear words (3 of them expected)

The two are not the same answers: the voice never speaks twice alike, which changes the halves too.
"""

from __future__ import annotations

import argparse
import random
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.recogniser_sounds import sounds
from bench.recordings import DIGITS, RATE, has_asterisk, read_out, shared
from voicebot.audio import PCMU, Samples
from voicebot.authoring.expected import EXPECTED
from voicebot.caller.wav import read_wav
from voicebot.localspeech import prepare_models
from voicebot.localspeech.clauses import Clause
from voicebot.localspeech.confidence import Heard
from voicebot.localspeech.engines import Transcript
from voicebot.localspeech.expected import lexical
from voicebot.localspeech.hums import is_hum
from voicebot.localspeech.moonshine import Moonshine
from voicebot.localspeech.offline import load
from voicebot.localspeech.pool import InferencePool
from voicebot.localspeech.synthesis import PiperSynthesis

ENGLISH = EXPECTED["en"]
MENU = ("billing", "outage", "account balance", "operator", "moving house", "meter reading", "invoice", "a technician")
NO_ANSWERS = (
    "Hello?", "Pardon?", "Maybe.", "Hold on.", "Help.", "Not now.", "Snow.", "Yesterday.", "Okay.", "Never mind.",
    "Neither.", "Goodbye.", "It depends.", "Later.", "Mm-hmm.", "Uh-huh.", "Accounting.",
)  # fmt: skip
SNR_DB = (None, 15, 10)
SOUNDS = 12
LEVEL = 10 ** (-23 / 20)
THRESHOLDS = (0.4, 0.55, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
SURE = 0.5
"""The confidence with which a word interrupts a prompt."""
OUTCOMES = ("no match", "a hum", "doubtful words", "sure words", "a sure value")


@dataclass(frozen=True, slots=True)
class Answer:
    """``said``: the digits, or the phrase; ``""``: no answer at all."""

    said: str
    expected: tuple[str, ...]
    samples: Samples
    sound: str = ""
    """What it is instead of words."""

    @property
    def unseen(self) -> bool:
        """Whether it is in the half that is not fitted to."""
        return zlib.crc32(self.samples.tobytes()) % 2 == 1


def answers(voice: PiperSynthesis, takes: int, rng: np.random.Generator) -> Iterator[Answer]:
    """All of them; the same for the same state of ``rng``, but for the voice, which never speaks twice alike."""
    choose = random.Random(int(rng.integers(1 << 30)))
    for snr_db in SNR_DB * takes:
        for said in (*ENGLISH["yesno"], "yes", "no"):
            yield Answer(said, ENGLISH["yesno"], noisy(speak(voice, said), snr_db, rng))
        for said in MENU:
            yield Answer(said, MENU, noisy(speak(voice, said), snr_db, rng))
        for text in NO_ANSWERS:
            expected = choose.choice((ENGLISH["yesno"], MENU, ENGLISH["digits"]))
            yield Answer("", expected, noisy(speak(voice, text), snr_db, rng))
        for length in (1, 2, 3, 4, 4, 5, 6, 6, 6, 8, 10) * 3:
            digits = "".join(choose.choices("0123456789", k=length))
            spoken = " ".join(DIGITS[int(digit)] for digit in digits)
            yield Answer(digits, ENGLISH["digits"], noisy(speak(voice, spoken), snr_db, rng))
            if has_asterisk():
                gap_s = choose.choice((0.0, 0.05, 0.12))
                human = floats(read_out(digits, gap_s=gap_s, group_gap_s=gap_s))
                yield Answer(digits, ENGLISH["digits"], noisy(human, snr_db, rng))
        for name, sound in sounds(rng, SOUNDS):
            expected = choose.choice((ENGLISH["yesno"], MENU, ENGLISH["digits"], ()))
            yield Answer("", expected, noisy(sound.astype(np.float32), snr_db, rng), name)
    for recording in shared("human_digits"):
        samples = floats(PCMU.decode(read_wav(recording.path, PCMU)))
        yield Answer(recording.digits, ENGLISH["digits"], samples[RATE // 5 : -RATE * 3 // 4])


def speak(voice: PiperSynthesis, text: str) -> Samples:
    sentence = text[:1].upper() + text[1:]
    return voice.render(Clause(sentence if sentence[-1] in ".?" else f"{sentence}.", 1.0, 0.0), RATE)


def noisy(voice: Samples, snr_db: float | None, rng: np.random.Generator) -> Samples:
    """``voice`` at -23 dBFS as a recogniser gets it: 0.3 s before it, 0.1 s after it, then silence; over PCMU."""
    loud = voice[np.abs(voice) > 1e-3]
    samples = np.concatenate(
        (np.zeros(RATE * 3 // 10), voice * (LEVEL / np.sqrt(np.mean(loud**2))), np.zeros(RATE // 10))
    )
    if snr_db is not None:
        samples = samples + rng.normal(0, LEVEL * 10 ** (-snr_db / 20), len(samples))
    heard = PCMU.decode(PCMU.encode((np.clip(samples, -1, 1) * 32767).astype(np.int16)))
    return np.concatenate((floats(heard), np.zeros(RATE // 5, np.float32)))


def floats(samples: NDArray[np.int16]) -> Samples:
    return np.divide(samples, 32768, dtype=np.float32)


def value(text: str, expected: tuple[str, ...]) -> str:
    """What a dialog takes ``text`` for; ``""``: for nothing."""
    if expected != ENGLISH["digits"]:
        return lexical(text) if lexical(text) in expected else ""
    words = [str(DIGITS.index(word)) if word in DIGITS else word for word in lexical(text).replace("oh", "0").split()]
    return "".join(words) if re.fullmatch(r"[0-9]+", "".join(words)) else ""


def fitted(rows: Sequence[tuple[Sequence[float], bool]], before: Sequence[float], trust: Sequence[float]) -> np.ndarray:
    """The likeliest offset and slopes, if one is thought of as near ``before`` beforehand."""
    x = np.array([[1.0, *measures] for measures, _ in rows])
    y = np.array([right for _, right in rows], float)
    slopes = np.array(before)
    for _ in range(400):
        p = 1 / (1 + np.exp(-x @ slopes))
        curve = (x * (p * (1 - p))[:, None]).T @ x + np.diag(trust)
        slopes += 0.3 * np.linalg.solve(curve, x.T @ (y - p) - trust * (slopes - before))
    return slopes.round(2)


def fit(heard: list[tuple[Answer, Heard]]) -> None:
    """Print the numbers for the half that is not judged."""
    seen = [(answer, one) for answer, one in heard if not answer.unseen]
    words = [(one.evidence.measures(), not answer.sound) for answer, one in seen if one.evidence is not None]
    print("words:", fitted(words, (0.0,) * 4, (0.3,) * 4))
    taken = [
        ((max(one.measures.mean, -2.0), min(max(one.measures.lead, -3.0), 3.0)), taken == answer.said)
        for answer, one in seen
        if (taken := value(one.transcript().text, answer.expected))
    ]
    print("right:", fitted(taken, (0.0, 0.7, 1.0), (1.0, 6.0, 6.0)))


def judge_answers(heard: list[tuple[Answer, Heard]], digits: bool) -> None:
    rows = [
        (value(one.transcript().text, answer.expected), answer.said, one.transcript().confidence)
        for answer, one in heard
        if answer.unseen and not answer.sound and (answer.expected == ENGLISH["digits"]) is digits
    ]
    taken = [(taken == said, sure) for taken, said, sure in rows if taken]
    rights = sum(right for right, _ in taken)
    silent = sum(not taken and said != "" for taken, said, _ in rows)
    print(
        f"{'digits' if digits else 'closed questions'}: {rights} right, {len(taken) - rights} wrong, {silent} nothing"
    )
    for threshold in THRESHOLDS:
        caught = sum(sure < threshold and not right for right, sure in taken)
        lost = sum(sure < threshold and right for right, sure in taken)
        print(f"  below {threshold}: {caught} of the wrong, {lost} of the right")


def judge_sounds(heard: list[tuple[Answer, Heard]]) -> None:
    by_name: dict[str, Counter[str]] = {}
    for answer, one in heard:
        if answer.sound and answer.unseen:
            by_name.setdefault(answer.sound, Counter())[outcome(one.transcript(), answer.expected)] += 1
    for name, outcomes in (*by_name.items(), ("all", sum(by_name.values(), Counter()))):
        print(f"{name} {outcomes.total()}: " + ", ".join(f"{outcomes[one]} {one}" for one in OUTCOMES))


def outcome(transcript: Transcript, expected: tuple[str, ...]) -> str:
    """One of :data:`OUTCOMES`, for a sound without words."""
    if not transcript.text:
        return "no match"
    if is_hum(transcript.text):
        return "a hum"
    sure = transcript.confidence >= SURE
    return ("a sure value" if value(transcript.text, expected) else "sure words") if sure else "doubtful words"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--takes", type=int, default=1, help="how often each answer is spoken")
    parser.add_argument("--fit", action="store_true", help="print the numbers that fit the first half best")
    arguments = parser.parse_args()
    pool = InferencePool(1)
    recognition, voice = load(prepare_models(), pool)
    pool.close()
    model: Moonshine = recognition.model
    heard = [
        (answer, model.hear(answer.samples, RATE, answer.expected))
        for answer in answers(voice, arguments.takes, np.random.default_rng(1))
    ]
    if arguments.fit:
        fit(heard)
    judge_answers(heard, digits=True)
    judge_answers(heard, digits=False)
    judge_sounds(heard)


if __name__ == "__main__":
    main()
