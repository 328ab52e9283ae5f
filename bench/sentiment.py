"""How often the offline sentiment is right on sentences from calls, beside plain VADER's.

``python -m bench.sentiment``: the share that is right of those that the lexicon was tuned to and of those that were
held out, and how many of each mood are found. ``--wrong`` lists those of the first that are not.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from voicebot.locallanguage.lexicon import english
from voicebot.locallanguage.sentiment import SentimentScorer

TUNED = Path(__file__).with_name("call_sentences.tsv")
HELD_OUT = Path(__file__).with_name("call_sentences_held_out.tsv")
WANTED = 0.8
"""Of the sentences held out must be right."""

Labelled = tuple[str, str]
"""The mood, and the sentence."""


def labelled(file: Path) -> list[Labelled]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [(mood, text) for mood, _, text in (line.partition("\t") for line in lines if not line.startswith("#"))]


def share_right(rows: list[Labelled], mood_of: Callable[[str], str]) -> float:
    return sum(mood_of(text) == mood for mood, text in rows) / len(rows)


def ours() -> Callable[[str], str]:
    scorer = SentimentScorer(english())
    return lambda text: scorer.mood(text).label


def vader() -> Callable[[str], str]:
    """VADER as it is meant to be used: its own rules and thresholds."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyser = SentimentIntensityAnalyzer()

    def mood_of(text: str) -> str:
        score = analyser.polarity_scores(text)["compound"]
        return "positive" if score >= 0.05 else "negative" if score <= -0.05 else "neutral"

    return mood_of


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--wrong", action="store_true", help="list the sentences that are wrong, but for those held out"
    )
    arguments = parser.parse_args()
    tuned, held_out = labelled(TUNED), labelled(HELD_OUT)
    print(f"{len(tuned)} sentences, and {len(held_out)} that were held out; right, in %:")
    print(" " * 20 + "".join(f"{column:>10}" for column in ("tuned", "held out", "negative", "neutral", "positive")))
    for name, mood_of in (("offline service", ours()), ("plain VADER", vader())):
        by_mood = [
            share_right([row for row in held_out if row[0] == mood], mood_of)
            for mood in ("negative", "neutral", "positive")
        ]
        shares = [share_right(tuned, mood_of), share_right(held_out, mood_of), *by_mood]
        print(f"{name:<20}" + "".join(f"{100 * share:10.0f}" for share in shares))
    scorer = ours()
    began = time.perf_counter()
    for _, text in held_out:
        scorer(text)
    print(f"{1e3 * (time.perf_counter() - began) / len(held_out):.2f} ms a sentence")
    if arguments.wrong:
        for mood, text in tuned:
            if scorer(text) != mood:
                print(f"{mood} taken for {scorer(text)}: {text}")
    return 0 if share_right(held_out, scorer) >= WANTED else 1


if __name__ == "__main__":
    raise SystemExit(main())
