"""Texts that are decoded together come out as they would alone. The weights are arbitrary, and the graphs the real
ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from voicebot.localspeech.decoder import Decoder, Memory, Row, gathered
from voicebot.localspeech.decoder_graph import DecoderWeights, memory_graph, step_graph
from voicebot.localspeech.decoding import Steps, Together, alone
from voicebot.localspeech.row_quantising import quantise_rows

LAYERS, HEADS, SIZE, WORDS = 2, 2, 64, 50


def weights() -> DecoderWeights:
    choose = np.random.default_rng(1)

    def some(*shape: int) -> np.ndarray:
        return choose.normal(0, 1 / np.sqrt(shape[0]), shape).astype(np.float32)

    named = {"embed_tokens/Gather": some(WORDS, SIZE), "norm/Mul": some(SIZE) + 1}
    for layer in range(LAYERS):
        for norm in ("input", "post_attention", "final"):
            named[f"layers.{layer}/{norm}_layernorm/Mul"] = some(SIZE) + 1
        for part in ("self_attn", "encoder_attn"):
            for product in ("q_proj", "k_proj", "v_proj", "dense"):
                named[f"layers.{layer}/{part}/{product}/MatMul"] = 2 * some(SIZE, SIZE)
        named[f"layers.{layer}/mlp/up_proj/MatMul"] = some(SIZE, 4 * SIZE)
        named[f"layers.{layer}/mlp/up_proj/Add"] = some(4 * SIZE)
        named[f"layers.{layer}/mlp/down_proj/MatMul"] = some(2 * SIZE, SIZE)
        named[f"layers.{layer}/mlp/down_proj/Add"] = some(SIZE)
    return DecoderWeights(named, LAYERS, HEADS, np.geomspace(1, 0.01, 6).astype(np.float32))


@pytest.fixture(scope="module", params=["float", "8 bits"])
def decoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Decoder:
    folder: Path = tmp_path_factory.mktemp("decoder")
    for name, graph in (("memory", memory_graph), ("step", step_graph)):
        model = graph(weights())
        if request.param == "8 bits":
            quantise_rows(model)
        onnx.save(model, str(folder / f"{name}.onnx"))
    return Decoder(folder / "memory.onnx", folder / "step.onnx")


def memory(decoder: Decoder, states: int) -> Memory:
    heard = np.random.default_rng(states).normal(0, 1, (1, states, SIZE)).astype(np.float32)
    return decoder.remember(heard)


def test_a_text_that_is_read_at_once_is_as_one_of_which_each_token_is_a_step(decoder: Decoder) -> None:
    heard, text = memory(decoder, 9), [1, 7, 30, 12]
    at_once = decoder.read(heard, text)
    row = at_once.after(0, text[:1])
    for number, token in enumerate([*text[1:], 2]):
        (continued,) = decoder.step([row], heard)
        assert continued.logits[0] == pytest.approx(at_once.logits[number], abs=1e-4)
        assert continued.past == pytest.approx(at_once.past[:, : number + 1], abs=1e-4)
        row = Row(heard, continued.past, [token])


def test_texts_of_other_lengths_beside_it_do_not_change_what_is_read(decoder: Decoder) -> None:
    heard, texts = memory(decoder, 9), [[1, 7, 30, 12], [1], [1, 3], [1, 7, 30, 30, 5], [1, 7, 30], [2, 7, 30]]
    for together, text in zip(decoder.read_all(heard, texts), texts, strict=True):
        assert together == pytest.approx(decoder.read(heard, text).logits, abs=1e-4)


def test_rows_of_other_lengths_and_other_audio_do_not_change_a_step(decoder: Decoder) -> None:
    texts = [(4, [1, 7], [5]), (30, [1, 9, 4, 4, 4, 21], [5, 6, 7]), (11, [1], [5, 3]), (4, [1, 8, 8], [5])]
    rows = [decoder.read(memory(decoder, states), text).after(len(text), more) for states, text, more in texts]
    for together, row in zip(decoder.step(rows, gathered([row.memory for row in rows])), rows, strict=True):
        (by_itself,) = decoder.step([row], row.memory)
        assert together.logits == pytest.approx(by_itself.logits, abs=1e-4)
        assert together.past == pytest.approx(by_itself.past, abs=1e-4)


def test_what_was_heard_matters(decoder: Decoder) -> None:
    one, other = (decoder.read(memory(decoder, states), [1, 7]) for states in (9, 10))
    assert np.abs(one.logits - other.logits).max() > 0.1


def writing(decoder: Decoder, states: int, length: int, width: int, guessed: int) -> Steps[list[int]]:
    """The likeliest tokens; ``width`` rows with the same text, of which the first counts. So many tokens are guessed
    behind each, and never used."""
    heard = memory(decoder, states)
    read = decoder.read(heard, [1])
    tokens = [int(read.logits[0].argmax())]
    guess = list(range(3, 3 + guessed))
    row = read.after(1, [*tokens, *guess])
    for _ in range(length):
        continued = (yield [row] * width)[0]
        tokens.append(int(continued.logits[0].argmax()))
        row = continued.after(1, [tokens[-1], *guess])
    return tokens


def test_decodes_that_begin_and_end_at_different_times_come_out_as_alone(decoder: Decoder) -> None:
    tasks = [(9, 6, 1, 0), (5, 3, 1, 2), (14, 8, 2, 1), (9, 5, 1, 9)]
    wanted = [alone(decoder, writing(decoder, *task)) for task in tasks]
    together, results = Together(decoder), {}
    under_way = {}
    for turn in range(20):
        if turn % 2 == 0 and turn // 2 < len(tasks):
            steps = writing(decoder, *tasks[turn // 2])
            under_way[turn // 2] = (steps, next(steps))
        answers = together.step([asked for _, asked in under_way.values()])
        for number, answer in zip(list(under_way), answers, strict=True):
            try:
                under_way[number] = (under_way[number][0], under_way[number][0].send(answer))
            except StopIteration as end:
                results[number] = end.value
                del under_way[number]
    assert [results[number] for number in range(len(tasks))] == wanted
