"""A body is read at its top level, and changed nowhere else than where it was meant."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.server.refusal import Refusal
from model_router.server.wire.body import mend_surrogates, read_object, replace_fields
from model_router.server.wire.depth import deeper_than

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=6)
LAYOUTS = st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}, {"indent": "\t", "ensure_ascii": False}])


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


@given(OBJECTS, LAYOUTS, TEXTS)
def test_replacing_a_field_changes_that_field_alone(value: dict[str, Any], layout: dict[str, Any], name: str) -> None:
    raw = json.dumps(value, **layout).encode()
    changed = json.loads(replace_fields(read_object(raw, 100), {name: b'"new"'}))
    assert changed == {**value, name: "new"}


@given(OBJECTS, LAYOUTS, st.data())
def test_removing_fields_leaves_the_others(value: dict[str, Any], layout: dict[str, Any], data: st.DataObject) -> None:
    raw = json.dumps(value, **layout).encode()
    removed = data.draw(st.sets(st.sampled_from(sorted(value)))) if value else set()
    changed = json.loads(replace_fields(read_object(raw, 100), {}, removed))
    assert changed == {key: item for key, item in value.items() if key not in removed}


@given(OBJECTS, LAYOUTS)
def test_replacing_nothing_gives_the_same_bytes(value: dict[str, Any], layout: dict[str, Any]) -> None:
    raw = json.dumps(value, **layout).encode()
    assert replace_fields(read_object(raw, 100), {}) == raw


def test_every_other_byte_stays() -> None:
    raw = b' { "a" : [1, 2.50] ,\n "model" :"m", "tools":[ {} ] , "t":"\\u00e9" } '
    changed = replace_fields(read_object(raw, 100), {"model": b'"other"'}, {"tools"})
    assert changed == b' { "a" : [1, 2.50] ,\n "model" :"other", "t":"\\u00e9" } '


def test_spaces_numbers_and_escapes_stay_as_they_came() -> None:
    raw = b'{ "temperature" : 1.00, "model":"m" ,"t":"\\u00e9" }'
    assert replace_fields(read_object(raw, 100), {"model": b'"n"'}) == raw.replace(b'"m"', b'"n"')


@pytest.mark.parametrize(
    "raw",
    [
        b'{"model": "a", "messages": [1], "model": "b"}',
        b'{"messages": ["safe"], "messages": ["other"], "model": "a"}',
        b'{"a": 1, "a": 1}',
    ],
)
def test_repeated_keys_are_sent_once_so_that_nobody_can_read_another_request(raw: bytes) -> None:
    changed = replace_fields(read_object(raw, 100), {"model": b'"new"'})
    pairs = json.loads(changed, object_pairs_hook=list)
    assert len({key for key, _ in pairs}) == len(pairs)
    assert dict(pairs) == {**json.loads(raw), "model": "new"}


PAIRS = st.lists(st.tuples(st.sampled_from(["a", "b", "model", "é", 'q"']), VALUES), max_size=5)


@given(PAIRS, LAYOUTS, st.sets(st.sampled_from(["a", "b"])))
def test_any_text_is_sent_with_each_key_once(
    pairs: list[tuple[str, Any]], layout: dict[str, Any], removed: set[str]
) -> None:
    comma, colon = layout.get("separators", (", ", ": "))
    members = comma.join(f"{json.dumps(key)}{colon}{json.dumps(value, **layout)}" for key, value in pairs)
    raw = f"{{{members}}}"
    changed = json.loads(
        replace_fields(read_object(raw.encode(), 100), {"model": b"1"}, removed), object_pairs_hook=list
    )
    expected = {**dict(pairs), "model": 1}
    expected = {key: json.loads(json.dumps(value), object_pairs_hook=list) for key, value in expected.items()}
    assert len({key for key, _ in changed}) == len(changed)
    assert dict(changed) == {key: value for key, value in expected.items() if key not in removed}


@pytest.mark.parametrize(
    "before", [b"", b"x" * 5000, "x…".encode() * 2000, "“".encode() + b"x" * 5000, b"\xc3\xa9" * 3000]
)
@given(st.binary(max_size=5).filter(lambda piece: min(piece, default=255) >= 128))
def test_broken_text_is_found_wherever_it_stands(before: bytes, piece: bytes) -> None:
    for after in (b"", "…".encode(), b"x" * 5000 + "…".encode()):
        raw = b'{"a":"' + before + piece + after + b'"}'
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            with pytest.raises(Refusal, match=rf"not UTF-8 text \(byte {error.start}\)"):
                read_object(raw, 100)
        else:
            assert read_object(raw, 100).value("a") == json.loads(text)["a"]


@settings(deadline=None)  # the first use of a limit compiles its pattern
@given(OBJECTS, st.integers(1, 8), LAYOUTS)
def test_depth_is_counted_outside_of_strings(value: dict[str, Any], limit: int, layout: dict[str, Any]) -> None:
    assert deeper_than(json.dumps(value, **layout).encode(), limit) == (depth(value) > limit)


@pytest.mark.parametrize("text", ['"[[[[', '\\"[[[[', "\\\\[[[", '\\\\"]]]]', '{"a":[[['])
def test_brackets_in_strings_do_not_count(text: str) -> None:
    assert not deeper_than(json.dumps({"a": text}).encode(), 1)


@pytest.mark.parametrize("layout", [{}, {"indent": 1}])
@pytest.mark.parametrize(
    ("around", "levels"),
    [
        (lambda deep: {"x": deep}, 1),
        (lambda deep: {"messages": deep}, 1),
        (lambda deep: {"messages": {"a": deep}}, 2),
        (lambda deep: {"messages": ["[[", deep]}, 2),
        (lambda deep: {"messages": [{"content": "{" * 90}, {"tool_calls": deep}]}, 3),
        (lambda deep: {"messages": [{"content": [{"type": "text", "text": "[" * 90}, deep]}]}, 4),
        (lambda deep: {"input": [{"output": {"a": "]" * 90, "b": deep}}]}, 4),
        (lambda deep: {"x": [*[{"[": "}"}] * 60, deep]}, 2),
        (lambda deep: {"x": {str(number): ["[" * 90] for number in range(60)} | {"y": {"z": deep}}}, 3),
        (lambda deep: {"tools": [{"a": "{[" * 90, "b": {"c": {"d": [{"e": {"f": [{"g": deep}]}}]}}}]}, 10),
    ],
)
def test_no_place_of_a_body_is_deeper_than_the_limit(around: Any, levels: int, layout: dict[str, Any]) -> None:
    def body(depth: int) -> bytes:
        deep: Any = 1
        for level in range(depth - levels):
            deep = {"a": "[", "b": deep, "c": "]"} if level % 2 else [deep]
        return json.dumps(around(deep), **layout).encode()

    assert json.loads(read_object(body(20), 20).raw)
    with pytest.raises(Refusal, match="deeper than 20 levels"):
        read_object(body(21), 20)


def test_an_agents_turns_have_the_shape_that_is_read_quickly() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "read", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "there"}]},
        {"role": "assistant", "content": "seen", "tool_calls": None},
    ]
    assert read_object(json.dumps({"messages": turns}).encode(), 20).plain_turns[1] is not None


def test_a_repeated_key_hides_no_depth() -> None:
    deep = b"[" * 30 + b"]" * 30
    with pytest.raises(Refusal, match="deeper than 20 levels"):
        read_object(b'{"x": {"a": %b, "b": "%b", "a": 1}}' % (deep, b"[" * 90), 20)


@given(st.binary(max_size=60))
def test_no_bytes_bring_anything_but_a_refusal(raw: bytes) -> None:
    with contextlib.suppress(Refusal):
        assert isinstance(json.loads(read_object(raw, 20).raw), dict)


@given(st.text(max_size=20))
def test_whole_texts_are_not_mended(text: str) -> None:
    whole = json.dumps(text.encode("utf-16", "replace").decode("utf-16")).encode()
    assert mend_surrogates(whole) == whole


@pytest.mark.parametrize(
    ("raw", "mended"),
    [
        (rb'"\ud83d"', rb'"\ufffd"'),
        (rb'"\ude00\ud83d"', rb'"\ufffd\ufffd"'),
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),
        (rb'"\\ud83d"', rb'"\\ud83d"'),
    ],
)
def test_half_surrogates_become_replacement_characters(raw: bytes, mended: bytes) -> None:
    assert mend_surrogates(raw) == mended
