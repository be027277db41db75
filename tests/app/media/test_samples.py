"""The real files that the demo and the tests use."""

from collections import Counter

from app.media.info import MediaType
from app.media.samples import samples


def test_there_are_files_of_nearly_every_type() -> None:
    good = Counter(sample.type for sample in samples() if sample.good)
    assert good[MediaType.VIDEO] == 4
    assert good[MediaType.IMAGE] >= 25
    assert good[MediaType.DICOM_FILE] >= 25
    assert set(MediaType) - set(good) == {MediaType.SCENE}


def test_each_sample_is_a_file_of_its_own() -> None:
    paths = [sample.path for sample in samples()]
    assert all(path.is_file() for path in paths)
    assert len(set(paths)) == len(paths)


def test_each_type_that_can_break_has_a_broken_sample() -> None:
    broken = {sample.type for sample in samples() if not sample.good}
    assert broken == {MediaType.IMAGE, MediaType.DICOM_FILE, MediaType.AUDIO}


def test_a_group_has_several_files_of_one_type() -> None:
    groups = {sample.group for sample in samples() if sample.group}
    for group in groups:
        members = [sample for sample in samples() if sample.group == group]
        assert len(members) > 1
        assert len({sample.type for sample in members}) == 1
        assert all(sample.good for sample in members)
