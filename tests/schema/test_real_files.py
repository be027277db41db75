"""Every real file that we have, registered at once: made by others, good and broken."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from app.media.info import MediaType
from app.media.samples import Sample, samples
from tests.client import Api
from tests.schema.registering import Desk, units, url
from tests.world import World

pytestmark = pytest.mark.usefixtures("worker")

LISTS = {
    MediaType.VIDEO: "videos",
    MediaType.IMAGE: "images",
    MediaType.NIFTI: "nifti",
    MediaType.AUDIO: "audio",
    MediaType.PLAIN_TEXT: "text",
    MediaType.PDF: "pdfs",
    MediaType.TIME_SERIES: "time_series",
}
# Looked up by other means: headers read by hand, the packages' own documents, ffprobe's figures.
FIGURES: dict[str, dict[str, Any]] = {
    "bigbuckbunny.mp4": {"width": 1280, "height": 720, "frameCount": 132, "fps": 25.0},
    "bikes.mp4": {"width": 640, "height": 272, "frameCount": 250, "fps": 25.0},
    "carphone_pristine.mp4": {"width": 176, "height": 144, "frameCount": 120},
    "astronaut.png": {"width": 512, "height": 512, "mimeType": "image/png"},
    "coins.png": {"width": 384, "height": 303},
    "retina.jpg": {"width": 1411, "height": 1411, "mimeType": "image/jpeg"},
    "anatomical.nii": {"width": 33, "height": 41, "frameCount": 25},
    "example4d.nii.gz": {"width": 128, "height": 96, "frameCount": 24},
    "test-44100Hz-le-1ch-4bytes.wav": {"mimeType": "audio/wav"},
    "home.pdf": {"pageCount": 1, "mimeType": "application/pdf"},
}


def document() -> dict[str, list[dict[str, Any]]]:
    """All samples: single files, image sequences, and DICOM as series of their own or of many files."""
    lists: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    groups: defaultdict[str, list[Path]] = defaultdict(list)
    for sample in samples():
        if sample.group is not None:
            groups[sample.group].append(sample.path)
        elif sample.type is MediaType.DICOM_FILE:
            lists["dicom_series"].append(several(sample.path.name, [sample.path]))
        else:
            lists[LISTS[sample.type]].append({"objectUrl": url(sample.path)})
    for name, paths in groups.items():
        is_images = name.endswith("sequence")
        element = several(name, paths)
        lists["image_groups" if is_images else "dicom_series"].append(
            element | {"createVideo": True} if is_images else element
        )
    return lists


def several(title: str, paths: list[Path]) -> dict[str, Any]:
    return {"title": title, **{f"objectUrl_{n}": url(path) for n, path in enumerate(paths)}}


@pytest.fixture
async def job(api: Api, world: World) -> dict[str, Any]:
    return await (await Desk.opened(api, world)).register({"json": document()})


def by_url(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {unit["objectUrls"][0]: unit for unit in units(job)}


async def test_good_files_arrive_with_their_figures_and_broken_ones_say_why(
    job: dict[str, Any],
) -> None:
    found = by_url(job)
    lone = [sample for sample in samples() if sample.group is None]
    assert job["status"] == "DONE"
    assert [s.path.name for s in lone if not is_as_expected(s, found[url(s.path)])] == []
    for name, figures in FIGURES.items():
        file = next(unit["file"] for one, unit in found.items() if one.endswith(f"/{name}"))
        assert {key: file[key] for key in figures} == figures, name
    series = {unit["name"]: unit["file"] for unit in units(job) if unit["kind"] == "DICOM_SERIES"}
    assert series["Brain MR"]["frameCount"] == 2
    assert all(file["width"] and file["height"] for file in series.values() if file)


def is_as_expected(sample: Sample, unit: dict[str, Any]) -> bool:
    if sample.good:
        return unit["state"] == "DONE" and unit["file"]["byteSize"] > 0
    return unit["state"] == "ERROR" and bool(unit["error"]["message"])
