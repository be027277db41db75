"""Media metadata that the caller declares."""

from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.media import declared, dicom_tags
from app.media.info import MediaInfo, MediaType, frame_count

VIDEO = {
    "fps": 25.0,
    "duration": 61.2,
    "width": 1920,
    "height": 1080,
    "file_size": 73_400_320,
    "mime_type": "video/mp4",
}
IMAGE = {"mime_type": "image/png", "file_size": 482_133, "width": 1254, "height": 836}
AUDIO = {
    "duration": 23.987,
    "file_size": 4_231_500,
    "mime_type": "audio/wav",
    "sample_rate": 44_100,
    "bit_depth": 16,
    "codec": "pcm",
    "num_channels": 2,
}
TEXT = {"file_size": 5120, "mime_type": "text/plain"}
PDF = {"file_size": 882_211, "num_pages": 42}
TAGS: dict[str, Any] = {
    **dict.fromkeys(dicom_tags.METADATA_TAGS),
    "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
    "0020000E": {"vr": "UI", "Value": ["1.2.3.4"]},
    "00080018": {"vr": "UI", "Value": ["1.2.3.4.5"]},
    "00100020": {"vr": "LO"},
    "00280008": {"vr": "IS", "Value": [12]},
    "00280010": {"vr": "US", "Value": [480]},
    "00280011": {"vr": "US", "Value": [640]},
}
DOCUMENTS = {
    MediaType.VIDEO: VIDEO,
    MediaType.IMAGE: IMAGE,
    MediaType.AUDIO: AUDIO,
    MediaType.PLAIN_TEXT: TEXT,
    MediaType.PDF: PDF,
}


def test_a_video_gets_its_frames_from_its_length() -> None:
    assert declared.media_info(MediaType.VIDEO, VIDEO) == MediaInfo(
        type=MediaType.VIDEO,
        mime_type="video/mp4",
        byte_size=73_400_320,
        width=1920,
        height=1080,
        frame_count=1530,
        fps=25.0,
        duration_seconds=61.2,
    )


def test_an_image_is_taken_at_its_word() -> None:
    assert declared.media_info(MediaType.IMAGE, IMAGE) == MediaInfo(
        type=MediaType.IMAGE, mime_type="image/png", byte_size=482_133, width=1254, height=836
    )


def test_a_sound_is_taken_at_its_word() -> None:
    assert declared.media_info(MediaType.AUDIO, AUDIO) == MediaInfo(
        type=MediaType.AUDIO,
        mime_type="audio/wav",
        byte_size=4_231_500,
        duration_seconds=23.987,
        audio_sample_rate=44_100,
        audio_bit_depth=16,
        audio_channel_count=2,
        audio_codec="pcm",
    )


def test_text_and_pdf_are_taken_at_their_word() -> None:
    text = declared.media_info(MediaType.PLAIN_TEXT, TEXT)
    pdf = declared.media_info(MediaType.PDF, PDF)
    assert (text.mime_type, text.byte_size, text.page_count) == ("text/plain", 5120, None)
    assert (pdf.mime_type, pdf.byte_size, pdf.page_count) == ("application/pdf", 882_211, 42)


def test_dicom_tags_are_taken_at_their_word() -> None:
    info = declared.media_info(MediaType.DICOM_FILE, {"tags": TAGS})
    assert info.dicom is not None
    assert (info.dicom.study_uid, info.dicom.series_uid) == ("1.2.3", "1.2.3.4")
    assert (info.dicom.instance_uid, info.dicom.patient_id) == ("1.2.3.4.5", "")
    assert (info.height, info.width, info.frame_count) == (480, 640, 12)
    assert (info.byte_size, info.dicom.can_render_3d) == (None, False)
    assert info.dicom.metadata == TAGS


def test_a_declared_volume_can_be_shown_in_3d() -> None:
    places = {tag: {"vr": "DS", "Value": [1.0]} for tag in dicom_tags.VOLUME_TAGS}
    info = declared.media_info(MediaType.DICOM_FILE, {"tags": {**TAGS, **places}})
    assert info.dicom is not None
    assert info.dicom.can_render_3d


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, given in DOCUMENTS.items() for name in given]
)
def test_a_missing_field_is_named(kind: MediaType, name: str) -> None:
    given = {key: value for key, value in DOCUMENTS[kind].items() if key != name}
    with pytest.raises(Invalid, match=rf"^{name} is missing; give all of ") as refusal:
        declared.media_info(kind, given, field=("videos", 3, "videoMetadata"))
    assert refusal.value.field == ("videos", 3, "videoMetadata", name)


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, given in DOCUMENTS.items() for name in given]
)
@pytest.mark.parametrize("value", [None, True, [], {}])
def test_a_field_of_another_type_is_named(kind: MediaType, name: str, value: object) -> None:
    with pytest.raises(Invalid, match=rf"^{name} must be a (whole )?(number|text)\.$") as refusal:
        declared.media_info(kind, {**DOCUMENTS[kind], name: value})
    assert refusal.value.field == (name,)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("width", 640.0, "width must be a whole number."),
        ("width", "640", "width must be a whole number."),
        ("fps", "25", "fps must be a number."),
        ("mime_type", 4, "mime_type must be a text."),
        ("width", 10**30, "width is out of range."),
        ("width", 2**31, "width is out of range."),
        ("file_size", 2**53 + 1, "file_size is out of range."),
        ("duration", float("inf"), "duration is out of range."),
        ("fps", float("nan"), "fps is out of range."),
    ],
)
def test_what_no_column_can_hold_is_refused(name: str, value: object, message: str) -> None:
    with pytest.raises(Invalid) as refusal:
        declared.media_info(MediaType.VIDEO, {**VIDEO, name: value})
    assert (refusal.value.message, refusal.value.field) == (message, (name,))


def test_more_frames_than_a_column_can_hold_are_refused() -> None:
    given = {**VIDEO, "fps": 1000.0, "duration": 3e6, "file_size": 2**40}
    with pytest.raises(Invalid, match="fps times duration is out of range") as refusal:
        declared.media_info(MediaType.VIDEO, given, field=("videoMetadata",))
    assert refusal.value.field == ("videoMetadata", "duration")


def test_a_whole_number_is_a_number_and_an_unknown_key_is_left_out() -> None:
    given = {**VIDEO, "fps": 25, "bitrate": 4000}
    assert declared.media_info(MediaType.VIDEO, given).frame_count == 1530


@pytest.mark.parametrize("tag", dicom_tags.METADATA_TAGS)
def test_each_of_the_22_tags_must_be_a_key(tag: str) -> None:
    tags = {key: value for key, value in TAGS.items() if key != tag}
    with pytest.raises(Invalid, match=f"DICOM tag {tag} is missing") as refusal:
        declared.media_info(MediaType.DICOM_FILE, {"tags": tags}, field=("dicomMetadata",))
    assert refusal.value.field == ("dicomMetadata", "tags", tag)


def test_a_tag_is_an_element_or_null() -> None:
    with pytest.raises(Invalid, match="DICOM tag 00280010 must be an element") as refusal:
        declared.media_info(MediaType.DICOM_FILE, {"tags": {**TAGS, "00280010": 480}})
    assert refusal.value.field == ("tags", "00280010")


@pytest.mark.parametrize(
    ("fps", "seconds", "frames"),
    [
        (25.0, 0.28, 7),
        (25.0, 61.2, 1530),
        (29.97, 10.0, 300),
        (30000 / 1001, 4.004, 120),
        (25, 0, 0),
    ],
)
def test_frames_are_the_product_rounded_up(fps: float, seconds: float, frames: int) -> None:
    assert frame_count(fps, seconds) == frames


@given(st.integers(1, 240), st.integers(0, 1_000_000))
def test_whole_frames_survive_the_way_over_seconds(fps: int, frames: int) -> None:
    assert frame_count(float(fps), frames / fps) == frames
    assert frame_count(float(fps), (frames + 0.5) / fps) == ceil(frames + 0.5)
