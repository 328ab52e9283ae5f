"""Words of the offline voice, over G.711, that the recogniser by itself takes for others: what was expected decides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from voicebot.audio import PCMU, Samples
from voicebot.authoring.answers.doubt import UNSURE
from voicebot.authoring.expected import EXPECTED
from voicebot.caller.wav import read_wav
from voicebot.localspeech import prepare_models
from voicebot.localspeech.decoding import Together
from voicebot.localspeech.expected import lexical
from voicebot.localspeech.hums import is_hum
from voicebot.localspeech.moonshine import Moonshine

HERE = Path(__file__).parent / "misheard"
ENGLISH = EXPECTED["en"]
SAID = {
    "zero_one_two_three": ("0123.", ENGLISH["digits"]),
    "eight_oh_five_two": ("8052.", ENGLISH["digits"]),
    "three_nights": ("Three nights.", ENGLISH["duration"]),
    "sure": ("Sure.", ENGLISH["yesno"]),
    "outage": ("Outage.", ("billing", "outage", "operator", "account balance")),
}
ELSEWHERE = ("yes", "no", "moving house", "meter reading")
IN_NOISE = {"four_in_noise": "Four.", "five_in_noise": "Five."}
"""Like sounds that are no words."""


@pytest.fixture(scope="module")
def model() -> Moonshine:
    files = prepare_models()
    return Moonshine(files.encoder, files.quick_encoder, files.memory, files.step, files.tokenizer)


def samples(name: str) -> Samples:
    return PCMU.decode(read_wav(HERE / f"{name}.wav", PCMU)).astype("float32") / 32768


def transcribe(model: Moonshine, name: str, expected: tuple[str, ...], *, quick: bool = False) -> str:
    return model.transcribe(samples(name), 8000, expected, quick=quick).text


@pytest.mark.parametrize("name", SAID)
def test_what_was_expected_is_heard(model: Moonshine, name: str) -> None:
    said, expected = SAID[name]
    assert transcribe(model, name, ()) != said
    assert transcribe(model, name, expected) == said
    assert lexical(transcribe(model, name, expected, quick=True)) == lexical(said)  # as hypotheses go out


@pytest.mark.parametrize("name", SAID)
def test_nothing_is_forced_into_a_list_that_does_not_hold_it(model: Moonshine, name: str) -> None:
    assert transcribe(model, name, ELSEWHERE) == transcribe(model, name, ())


@pytest.mark.parametrize(("name", "said"), IN_NOISE.items())
def test_a_short_answer_in_noise_is_no_hum_and_is_taken_without_a_question(
    model: Moonshine, name: str, said: str
) -> None:
    heard = model.transcribe(samples(name), 8000, ENGLISH["digits"])
    assert heard.text == said
    assert heard.confidence > UNSURE
    for expected in ((), ELSEWHERE):
        other = transcribe(model, name, expected)
        assert not other or is_hum(other), "processors round differently: it is no hum that is near on all of them"


@pytest.mark.parametrize("name", SAID)
def test_what_the_model_wrote_by_itself_is_told_as_another_reading(model: Moonshine, name: str) -> None:
    all_that_was_heard = model.hear(samples(name), 8000, SAID[name][1])
    heard = all_that_was_heard.transcript()
    assert transcribe(model, name, ()) in [other.text for other in heard.others]
    told = heard.confidence + sum(other.confidence for other in heard.others)
    assert told == pytest.approx(all_that_was_heard.measures.words)


def test_where_an_expected_phrase_is_meant_words_are_likelier_than_in_what_the_model_wrote(model: Moonshine) -> None:
    heard = model.hear(samples("outage"), 8000, SAID["outage"][1])
    assert heard.evidence is not None
    assert heard.measures.words == heard.evidence.words(expected=True) > heard.evidence.words(expected=False)


@pytest.mark.parametrize("name", SAID)
def test_a_draft_changes_nothing_of_what_is_heard_be_it_right_or_wrong(model: Moonshine, name: str) -> None:
    alone = model.hear(samples(name), 8000, SAID[name][1])
    for draft in (alone.tokens, alone.tokens[:-2], (*alone.tokens[:1], 5, 6, 7), (*alone.tokens, 5, 6)):
        heard = model.hear(samples(name), 8000, SAID[name][1], draft=draft)
        assert heard.transcript().text == alone.transcript().text


def test_of_what_is_settled_the_decoder_remembers_the_same_as_if_it_was_encoded_anew(model: Moonshine) -> None:
    audio = np.tile(samples("zero_one_two_three"), 5)[: 8000 * 5]
    whole = model.encoded(audio, 8000)
    assert whole.settled.samples > 16000
    again = model.encoded(audio, 8000, settled=whole.settled)
    assert again.settled is whole.settled
    assert again.seconds == whole.seconds
    assert again.memory.heard.shape == whole.memory.heard.shape
    for name, tensor in whole.memory.tensors.items():
        assert np.abs(again.memory.tensors[name] - tensor).max() < 0.02 * np.abs(tensor).max()


def test_audio_that_ends_before_what_was_settled_is_encoded_as_if_nothing_was(model: Moonshine) -> None:
    audio = np.tile(samples("zero_one_two_three"), 5)[: 8000 * 5]
    settled = model.encoded(audio, 8000).settled
    alone, after = (model.encoded(audio[:8000], 8000, settled=each) for each in (None, settled))
    assert all((after.memory.tensors[name] == tensor).all() for name, tensor in alone.memory.tensors.items())


def test_decoded_together_the_same_is_heard_as_one_by_one(model: Moonshine) -> None:
    """The order in which floats are added differs, and so their last digits."""
    tasks = [(samples(name), expected) for name, (_, said_of) in SAID.items() for expected in ((), said_of, ELSEWHERE)]
    alone = [model.hear(audio, 8000, expected) for audio, expected in tasks]
    decodes = [model.hearing(model.encoded(audio, 8000), expected) for audio, expected in tasks]
    together, heard = Together(model.decoder), {}
    asked = {number: next(steps) for number, steps in enumerate(decodes)}
    while asked:
        answers = together.step(list(asked.values()))
        for number, answer in zip(list(asked), answers, strict=True):
            try:
                asked[number] = decodes[number].send(answer)
            except StopIteration as end:
                heard[number] = end.value
                del asked[number]
    for number, one in enumerate(alone):
        assert heard[number].tokens == one.tokens
        assert heard[number].texts == pytest.approx(one.texts, abs=1e-3)
        assert heard[number].measures.mean == pytest.approx(one.measures.mean, abs=1e-3)
