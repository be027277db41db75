"""Client metadata: what may be stored, and the sentence for what may not."""

import json
import math
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid, Path, TooLarge
from app.metadata import document


def nested(depth: int) -> dict[str, Any]:
    """That many levels, the outermost object included."""
    value: Any = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return dict(value)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ({}, b"{}"),
        ({"b": 1, "a": [None, True, "é"]}, '{"b":1,"a":[null,true,"é"]}'.encode()),
        (b'{"b":1,"a":2,"a":3}', b'{"b":1,"a":3}'),
        ('{ "a" : "\\u00e9" }', '{"a":"é"}'.encode()),
        (b'{"a": 1.10, "b": 100.0}', b'{"a":1.10,"b":100.0}'),
        (b'{"a": 0.12345678901234567890}', b'{"a":0.12345678901234567890}'),
        ({"a": Decimal("1.10")}, b'{"a":1.10}'),
        (b'{"a":18446744073709551615}', b'{"a":18446744073709551615}'),
        ({"a": "\\u0000 null {[{["}, b'{"a":"\\\\u0000 null {[{["}'),
        ({"": {"$x": 1}}, b'{"":{"$x":1}}'),
    ],
)
def test_what_is_stored(raw: bytes | str | dict[str, Any], text: bytes) -> None:
    assert document.parse(raw).text == text


def test_values_from_text_are_plain_python() -> None:
    parsed = document.parse(b'{ "a": 1.10, "b": [1, "x"] }')
    assert parsed.value == {"a": 1.1, "b": [1, "x"]}
    assert isinstance(parsed.value["a"], float)


@pytest.mark.parametrize(
    ("raw", "field", "part"),
    [
        (b"[]", (), "object"),
        (b"null", (), "object"),
        (b'{"a":1', (), "not valid JSON"),
        (b'{"a":NaN}', (), "not valid JSON"),
        (b'{"a":"\\ud800"}', (), "not valid JSON"),
        (b'{"a":1e400}', (), "not valid JSON"),
        (b'{"a":"\xff"}', (), "not valid JSON"),
        ({"a": math.nan}, ("a",), "NaN"),
        ({"a": [0.5, -math.inf]}, ("a", 1), "NaN"),
        ({"a": Decimal("NaN")}, ("a",), "finite"),
        ({"a": Decimal("1e400")}, ("a",), "1e309"),
        (b'{"a": 1e-20000}', ("a",), "1e309"),
        ({"a": {"b\0": 1}}, ("a", "b\0"), "NUL"),
        ({"a": ["x", "y\0"]}, ("a", 1), "`/a/1`"),
        (b'{"a":"\\u0000"}', ("a",), "NUL"),
        ({"a": "\udc00"}, ("a",), "surrogate"),
        ({"\ud800": 1}, ("\ud800",), "surrogate"),
        ({"a": 2**64}, ("a",), "64 bits"),
        (b'{"a":[18446744073709551616]}', ("a", 0), "64 bits"),
        ({"a": {1: 2}}, ("a", 1), "strings"),
        ({"a": object()}, ("a",), "JSON values"),
        ({"a/b": {"c~": ["\0"]}}, ("a/b", "c~", 0), "`/a~1b/c~0/0`"),
        ({"$other": 1}, ("$other",), "reserved"),
        ({"$": 1}, ("$",), "reserved"),
    ],
)
def test_what_is_refused(raw: bytes | dict[str, Any], field: Path, part: str) -> None:
    with pytest.raises(Invalid) as caught:
        document.parse(raw)
    assert caught.value.field == field
    assert part in caught.value.message
    assert caught.value.message.isprintable()


def test_nesting_ends_at_64_levels() -> None:
    assert document.parse(nested(64)).value == nested(64)
    for depth in (65, 300):
        with pytest.raises(Invalid, match="64 levels"):
            document.parse(nested(depth))
    with pytest.raises(Invalid, match="64 levels"):
        document.parse(json.dumps(nested(300)))


def test_many_shallow_lists_are_no_deep_nesting() -> None:
    value = {"boxes": [[0.5, 1.5]] * 100}
    assert document.parse(value).value == value


def test_the_limit_is_in_bytes_of_compact_json() -> None:
    fill = document.MAX_BYTES - len('{"a":""}')
    assert len(document.parse({"a": "x" * fill}).text) == document.MAX_BYTES
    spaced = '{ "a" : "%s" }' % ("x" * fill)
    assert len(document.parse(spaced).text) == document.MAX_BYTES
    with pytest.raises(TooLarge, match=f"this has {document.MAX_BYTES + 1}"):
        document.parse({"a": "x" * (fill + 1)})
    with pytest.raises(TooLarge):
        document.parse({"a": "é" * (fill // 2 + 1)})


FRAMES = ("$encord", "frames")
CONFIG = ("$encord", "config")


@pytest.mark.parametrize(
    "reserved",
    [
        {"$encord": {}},
        {"$encord": {"frames": {}}},
        {"$encord": {"frames": {"0": {}, "149": {"scene": "night", "clip": [0.12]}}}},
        {"$encord": {"config": {}}},
        {"$encord": {"config": {"sampling_rate": 0, "keyframe_mode": "frame"}}},
        {"$encord": {"config": {"sampling_rate": 0.5}}},
        {"$encord": {"config": {"sampling_rate": Decimal("0.5")}}},
        {
            "$encord": {
                "config": {"keyframe_mode": "seconds"},
                "frames": {"0": {}, "3": {}, "12.48": {}},
            }
        },
        {"keyframes": []},
        {"keyframes": [13, 149, 307]},
    ],
)
def test_frames_belong_to_videos_only(reserved: dict[str, Any]) -> None:
    assert document.parse(reserved, is_video=True).value == reserved
    with pytest.raises(Invalid, match="of a video") as caught:
        document.parse(reserved)
    assert caught.value.field == (next(iter(reserved)),)


@pytest.mark.parametrize(
    ("reserved", "field"),
    [
        ({"$encord": []}, ("$encord",)),
        ({"$encord": {"frame": {}}}, ("$encord", "frame")),
        ({"$encord": {"config": None}}, CONFIG),
        ({"$encord": {"config": {"rate": 1}}}, (*CONFIG, "rate")),
        ({"$encord": {"config": {"sampling_rate": -1}}}, (*CONFIG, "sampling_rate")),
        ({"$encord": {"config": {"sampling_rate": True}}}, (*CONFIG, "sampling_rate")),
        ({"$encord": {"config": {"sampling_rate": "1"}}}, (*CONFIG, "sampling_rate")),
        ({"$encord": {"config": {"keyframe_mode": "time"}}}, (*CONFIG, "keyframe_mode")),
        ({"$encord": {"config": {"keyframe_mode": []}}}, (*CONFIG, "keyframe_mode")),
        ({"$encord": {"frames": [13]}}, FRAMES),
        ({"$encord": {"frames": {"-1": {}}}}, (*FRAMES, "-1")),
        ({"$encord": {"frames": {"1.5": {}}}}, (*FRAMES, "1.5")),
        ({"$encord": {"frames": {"01": {}}}}, (*FRAMES, "01")),
        ({"$encord": {"frames": {"\u0661": {}}}}, (*FRAMES, "\u0661")),
        ({"$encord": {"frames": {"1": None}}}, (*FRAMES, "1")),
        (
            {"$encord": {"config": {"keyframe_mode": "seconds"}, "frames": {"1.": {}}}},
            (*FRAMES, "1."),
        ),
        ({"keyframes": {}}, ("keyframes",)),
        ({"keyframes": [1, -1]}, ("keyframes", 1)),
        ({"keyframes": [1.0]}, ("keyframes", 0)),
        ({"keyframes": [True]}, ("keyframes", 0)),
    ],
)
def test_malformed_frames_are_refused_with_their_path(
    reserved: dict[str, Any], field: Path
) -> None:
    with pytest.raises(Invalid) as caught:
        document.parse(reserved, is_video=True)
    assert caught.value.field == field


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet="ab é"), inner),
    max_leaves=6,
)


@given(value=st.dictionaries(st.text(alphabet="ab é"), JSON))
def test_any_json_object_comes_back_equal(value: dict[str, Any]) -> None:
    parsed = document.parse(value)
    assert orjson.loads(parsed.text) == value
    again = document.parse(parsed.text)
    assert again.text == parsed.text
    assert document.parse(json.dumps(value, indent=1)).value == value
