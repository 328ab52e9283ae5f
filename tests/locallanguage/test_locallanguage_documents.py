"""Whatever JSON is asked, it is answered or refused with a reason."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.locallanguage.documents import Refused, batch_of, parameters_of, tasks_of
from voicebot.locallanguage.kinds import Kinds, result, results

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("SentimentAnalysis", "KeyPhraseExtraction", "PiiEntityRecognition", "ExtractiveSummarization")
DOCUMENT = st.fixed_dictionaries(
    {"id": st.text(min_size=1, max_size=4)},
    optional={"text": st.text(max_size=200) | JSON, "language": st.sampled_from(["en", "en-GB", "de", ""]) | JSON},
)
PARAMETERS = st.dictionaries(
    st.sampled_from(["stringIndexType", "piiCategories", "sentenceCount", "sortBy", "modelVersion"]),
    st.sampled_from(["Utf16CodeUnit", "Rank", 3, ["Email"]]) | JSON,
)
BODY = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(NAMES) | JSON,
        "analysisInput": st.fixed_dictionaries({"documents": st.lists(DOCUMENT | JSON, max_size=12)}) | JSON,
        "parameters": PARAMETERS | JSON,
        "tasks": JSON,
    }
)


@cache
def kinds() -> Kinds:
    return Kinds()


def answered(body: Any, *, job: bool) -> Any:
    try:
        tasks_of({"tasks": [body]} if job else body, 3)
        kind = kinds().find(body["kind"], job=job)
        batch = batch_of(body, kind.most, job=job)
        done = [result(kind, document, parameters_of(body)) for document in batch.documents]
    except Refused as refused:
        assert refused.body["error"]["innererror"]["message"]
        return None
    return results(batch, done)


@given(BODY, st.booleans())
@settings(max_examples=2 * settings.default.max_examples)
def test_any_request_is_answered_or_refused(body: Any, job: bool) -> None:
    answer = answered(body, job=job)
    if answer is not None:
        asked = body["analysisInput"]["documents"]
        told = [one["id"] for one in answer["documents"]] + [one["id"] for one in answer["errors"]]
        assert sorted(told) == sorted(one["id"] for one in asked)


@given(st.text(max_size=200), st.sampled_from(NAMES[:3]))
def test_offsets_lie_in_the_text_in_every_way_of_counting(text: str, name: str) -> None:
    for counting in ("UnicodeCodePoint", "Utf16CodeUnit", "TextElements_v8"):
        kind = kinds().find(name, job=False)
        body = {
            "analysisInput": {"documents": [{"id": "1", "text": text}]},
            "parameters": {"stringIndexType": counting},
        }
        for document in batch_of(body, 1).documents:
            found = result(kind, document, parameters_of(body))
            units = text.encode("utf-16-le", "surrogatepass") if counting == "Utf16CodeUnit" else None
            for one in [*found.get("sentences", []), *found.get("entities", [])]:
                begin, end = one["offset"], one["offset"] + one["length"]
                if units is None:
                    assert text[begin:end] == one["text"]
                else:
                    assert units[2 * begin : 2 * end].decode("utf-16-le") == one["text"]
