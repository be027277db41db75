"""DICOM files: which tags are kept, which are required, and compressed files that explode."""

import gzip
import zlib
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian

from app.media import dicom_tags, probing
from app.media.errors import MediaError, MediaErrorCode
from app.media.info import DicomTags, MediaInfo, MediaType
from app.media.samples import samples

REAL = {sample.path.name: sample.path for sample in samples()}
BRAIN = REAL["0.dcm"].parent

# rows, columns, frames, modality, patient, can be shown in 3D: from the bytes of the files.
FIGURES = {
    "CT_small.dcm": (128, 128, 1, "CT", "1CT1", True),
    "MR_small.dcm": (64, 64, 1, "MR", "4MR1", True),
    "J2K_pixelrep_mismatch.dcm": (512, 512, 1, "CT", "JXD191021006", True),
    "examples_overlay.dcm": (300, 484, 1, "MR", "021234567", True),
    "examples_ybr_color.dcm": (240, 320, 30, "US", "204", False),
    "rtdose.dcm": (10, 10, 15, "RTDOSE", "id11111", False),
    "liver_1frame.dcm": (512, 512, 1, "SEG", "99000", True),
    "image_dfl.dcm": (512, 512, 1, "OT", "", False),
}


def probed(path: Path) -> tuple[MediaInfo, DicomTags]:
    info = probing.probe(path, name=path.name, expected=MediaType.DICOM_FILE)
    assert info.dicom is not None
    return info, info.dicom


@pytest.mark.parametrize("name", FIGURES)
def test_a_file_has_its_tags(name: str) -> None:
    info, tags = probed(REAL[name])
    found = (tags.rows, tags.columns, info.frame_count, tags.modality, tags.patient_id)
    assert (*found, tags.can_render_3d) == FIGURES[name]
    assert (info.height, info.width) == (tags.rows, tags.columns)
    assert info.mime_type == "application/dicom"


def test_the_metadata_are_22_tags_in_the_json_model() -> None:
    _, tags = probed(REAL["CT_small.dcm"])
    assert len(tags.metadata) == 22
    assert list(tags.metadata) == list(dicom_tags.METADATA_TAGS)
    assert tags.metadata["00280010"] == {"vr": "US", "Value": [128]}
    assert tags.metadata["00280030"] == {"vr": "DS", "Value": [0.661468, 0.661468]}
    assert tags.metadata["00280008"] is None
    assert tags.series_uid == "1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322"


@pytest.mark.parametrize(
    ("group", "files"), [("Brain MR", 2), ("Head CT", 4), ("Heart CT", 5), ("Angiography", 7)]
)
def test_the_files_of_a_series_share_its_uid(group: str, files: int) -> None:
    paths = [sample.path for sample in samples() if sample.group == group]
    found = [probed(path)[1] for path in paths]
    assert len(found) == files
    assert len({tags.series_uid for tags in found}) == 1
    assert len({tags.instance_uid for tags in found}) == files


def test_an_enhanced_file_keeps_its_place_in_functional_groups(tmp_path: Path) -> None:
    path = tmp_path / "enhanced.dcm"
    path.write_bytes(gzip.decompress((BRAIN / "philips_mprage.dcm.gz").read_bytes()))
    info, tags = probed(path)
    assert tags.can_render_3d
    assert tags.metadata["00200032"] is None
    frames = tags.metadata["52009230"]
    assert isinstance(frames, dict)
    assert info.frame_count == len(frames["Value"]) > 1


@pytest.mark.parametrize("tag", dicom_tags.VOLUME_TAGS)
def test_each_tag_of_a_volume_is_needed_for_3d(tag: str) -> None:
    _, tags = probed(REAL["CT_small.dcm"])
    assert not dicom_tags.can_render_3d({**tags.metadata, tag: None})
    assert not dicom_tags.can_render_3d({**tags.metadata, tag: {"vr": "DS"}})


@pytest.mark.parametrize(
    ("keyword", "named"),
    [
        ("PatientID", "tag PatientID (0010,0020)."),
        ("Rows", "tag Rows (0028,0010)."),
        ("Columns", "tag Columns (0028,0011)."),
        ("StudyInstanceUID", "tag StudyInstanceUID (0020,000D)."),
        ("SeriesInstanceUID", "tag SeriesInstanceUID (0020,000E)."),
        ("SOPInstanceUID", "tag SOPInstanceUID (0008,0018)."),
    ],
)
def test_a_missing_tag_is_named(keyword: str, named: str, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(REAL["CT_small.dcm"])
    del dataset[keyword]
    with pytest.raises(MediaError) as refusal:
        probing.probe(saved(dataset, tmp_path), name="scan.dcm")
    assert refusal.value.code == MediaErrorCode.DICOM_TAG_MISSING
    assert refusal.value.message == f"scan.dcm lacks the required DICOM {named}"


def test_all_missing_tags_are_named_at_once(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(REAL["CT_small.dcm"])
    del dataset.Rows, dataset.PatientID, dataset.StudyInstanceUID
    with pytest.raises(MediaError) as refusal:
        probing.probe(saved(dataset, tmp_path), name="scan.dcm")
    assert refusal.value.message == (
        "scan.dcm lacks the required DICOM tags Rows (0028,0010), "
        "StudyInstanceUID (0020,000D) and PatientID (0010,0020)."
    )


def test_an_empty_uid_is_missing_but_an_empty_patient_is_not(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(REAL["CT_small.dcm"])
    dataset.PatientID = ""
    assert probed(saved(dataset, tmp_path))[1].patient_id == ""
    dataset.SeriesInstanceUID = ""
    with pytest.raises(MediaError, match="SeriesInstanceUID"):
        probed(saved(dataset, tmp_path))


def test_what_no_column_can_hold_is_left_out(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(REAL["CT_small.dcm"])
    dataset["WindowCenter"] = pydicom.DataElement(0x00281050, "FD", [float("nan"), 40.0])
    dataset["PatientID"] = pydicom.DataElement(0x00100020, "LO", "a\0b")
    _, tags = probed(saved(dataset, tmp_path))
    assert tags.metadata["00281050"] == {"vr": "FD", "Value": [None, 40.0]}
    assert tags.patient_id == "ab"


@pytest.mark.parametrize("cut", [1, 8, 5_000, 70_000])
def test_compressed_pixels_must_be_whole(cut: int, tmp_path: Path) -> None:
    whole = REAL["J2K_pixelrep_mismatch.dcm"].read_bytes()
    path = tmp_path / "scan.dcm"
    path.write_bytes(whole[:-cut])
    with pytest.raises(MediaError, match=r"scan\.dcm is cut off") as refusal:
        probed(path)
    assert refusal.value.code == MediaErrorCode.MEDIA_CORRUPT


@pytest.mark.parametrize("frames", ["-4", "3000000000"])
def test_an_impossible_number_of_frames_is_refused(frames: str, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(REAL["CT_small.dcm"])
    dataset["NumberOfFrames"] = pydicom.DataElement(0x00280008, "LO", frames)
    with pytest.raises(MediaError, match="impossible figures") as refusal:
        probed(saved(dataset, tmp_path))
    assert refusal.value.code == MediaErrorCode.MEDIA_CORRUPT


def test_a_file_without_pixels_is_no_image(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(REAL["CT_small.dcm"])
    del dataset.PixelData
    with pytest.raises(MediaError, match="without pixels") as refusal:
        probed(saved(dataset, tmp_path))
    assert refusal.value.code == MediaErrorCode.MEDIA_CORRUPT


@pytest.mark.parametrize(
    ("mebibytes", "is_taken"), [(1, True), (15, True), (64, False), (600, False)]
)
def test_a_deflated_file_is_inflated_only_while_it_harms_nobody(
    mebibytes: int, is_taken: bool, tmp_path: Path
) -> None:
    path = bomb(tmp_path, mebibytes)
    assert path.stat().st_size < 700_000
    if is_taken:
        assert probed(path)[1].rows == 128
        return
    with pytest.raises(MediaError, match="grows to more than 100 times") as refusal:
        probed(path)
    assert refusal.value.code == MediaErrorCode.MEDIA_REJECTED


def test_a_deflated_file_that_is_cut_off_is_corrupt(tmp_path: Path) -> None:
    path = bomb(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(MediaError) as refusal:
        probed(path)
    assert refusal.value.code == MediaErrorCode.MEDIA_CORRUPT


def saved(dataset: pydicom.FileDataset, folder: Path) -> Path:
    path = folder / "scan.dcm"
    dataset.save_as(path)
    return path


def bomb(folder: Path, mebibytes: int) -> Path:
    """The CT with so many zeros for pixels, deflated; zlib shrinks zeros a thousandfold."""
    dataset = pydicom.dcmread(REAL["CT_small.dcm"])
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    del dataset.PixelData, dataset[0xFFFCFFFC]
    head = saved(dataset, folder).read_bytes()
    start = 132 + 12 + dataset.file_meta.FileMetaInformationGroupLength
    meta_end = head.index(b"\x08\0", start - 8)
    squeeze = zlib.compressobj(9, wbits=-15)
    length = (mebibytes << 20).to_bytes(4, "little")
    parts = [squeeze.compress(head[meta_end:] + b"\xe0\x7f\x10\0OW\0\0" + length)]
    parts += [squeeze.compress(bytes(1 << 20)) for _ in range(mebibytes)]
    path = folder / "bomb.dcm"
    path.write_bytes(deflated_meta(head[:meta_end]) + b"".join(parts) + squeeze.flush())
    return path


def deflated_meta(meta: bytes) -> bytes:
    """The meta information with the deflated transfer syntax, which is three bytes longer."""
    plain, deflated = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"
    return meta.replace(b"UI\x14\0" + plain, b"UI\x16\0" + deflated)
