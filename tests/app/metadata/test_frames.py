"""The frames that a document describes."""

import pytest

from app.metadata.frames import described_frames


def document(frames, **config):
    return {"camera": "gate", "$encord": {"config": config, "frames": frames}}


def test_each_frame_comes_with_its_own_metadata():
    frames = {"13": {}, "149": {"scene": "night"}}
    assert list(described_frames(document(frames))) == [(13, {}), (149, {"scene": "night"})]
    assert list(described_frames({"$encord": {"frames": frames}}, 25.0)) == [
        (13, {}),
        (149, {"scene": "night"}),
    ]


@pytest.mark.parametrize(("position", "frame"), [("0", 0), ("0.5", 50), ("4.35", 435)])
def test_seconds_become_the_frame_that_is_shown_then(position, frame):
    described = document({position: {"a": 1}}, keyframe_mode="seconds")
    assert list(described_frames(described, 100.0)) == [(frame, {"a": 1})]


def test_seconds_say_nothing_while_the_rate_is_unknown():
    assert list(described_frames(document({"1": {}}, keyframe_mode="seconds"))) == []


@pytest.mark.parametrize(
    "strange",
    [
        {},
        {"$encord": None},
        {"$encord": {"frames": [1]}},
        {"$encord": {"config": 1}},
        document({"1": None, "x": {}, "-1": {}, "2147483648": {}, "1.5": {}}),
    ],
)
def test_other_shapes_are_passed_over(strange):
    assert list(described_frames(strange)) == []
