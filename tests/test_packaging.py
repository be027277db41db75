"""What installs, builds and starts labelgraph: the locks, the Makefile, the image, the composition."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.core.settings import Settings

ROOT = Path(__file__).parents[1]
LOCKS = ("run", "dev")
PIN = re.compile(r"([a-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)[^\n]*\\?\n((?:    --hash=[^\n]+\n)*)")


def lock(name: str) -> str:
    """The text of a lock."""
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def pins(name: str) -> set[tuple[str, str]]:
    """Names and versions in a lock."""
    return {(found[1], found[2]) for found in PIN.finditer(lock(name))}


def normal(name: str) -> str:
    """A package's name as locks spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def dockerfile(instruction: str) -> list[str]:
    """What stands behind each of these instructions, lines that go on joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [
        line.removeprefix(instruction).strip()
        for line in text.splitlines()
        if line.startswith(instruction)
    ]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The composition, with its anchors resolved."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_of_a_lock_has_a_hash(name):
    found = list(PIN.finditer(lock(name)))
    assert len(found) > 50
    assert [one[1] for one in found if "--hash=sha256:" not in one[3]] == []
    assert len(found) == len(re.findall(r"^[^\s#].*==", lock(name), re.MULTILINE))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host_and_no_path(name):
    assert (
        re.search(r"https?:|file:|--index-url|--extra-index-url|--find-links|/opt/", lock(name))
        is None
    )


def test_both_locks_agree():
    assert pins("run") <= pins("dev")


@pytest.mark.parametrize(
    ("name", "extras"), [("run", {"demo", "otlp"}), ("dev", {"demo", "otlp", "dev"})]
)
def test_a_lock_pins_all_that_the_project_asks_for(name, extras):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = list(project["dependencies"])
    for extra in extras:
        asked += project["optional-dependencies"][extra]
    wanted = {normal(re.split(r"[\[<>=!~; ]", one, maxsplit=1)[0]) for one in asked}
    assert wanted <= {package for package, _ in pins(name)}


def test_make_alone_lists_what_there_is():
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    targets = re.findall(r"^  make ([a-z]+)", done.stdout, re.MULTILINE)
    assert targets == ["help", "run", "test", "check", "lock", "schema", "web", "bench", "clean"]


def test_the_continuous_integration_can_be_started():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_hadolint_finds_nothing_in_the_dockerfile():
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [program, ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""


def test_the_image_serves_as_nobody_in_particular_and_says_whether_it_is_ready():
    assert dockerfile("USER") == ["10001:10001"]
    assert dockerfile("ENTRYPOINT") == ['["labelgraph"]']
    assert dockerfile("CMD") == ['["serve"]']
    assert "/readyz" in dockerfile("HEALTHCHECK")[0]


def test_what_the_image_copies_is_there_and_is_not_ignored():
    kept = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {line.split()[0] for line in dockerfile("COPY") if not line.startswith("--from")}
    assert copied == kept
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_composition_has_what_the_documents_name(compose):
    assert {"server", "worker", "migrate", "postgres", "valkey", "storage", "bucket"} == set(
        compose["services"]
    )
    assert compose["services"]["server"]["command"] == ["serve"]
    assert compose["services"]["worker"]["command"] == ["worker"]
    assert compose["services"]["migrate"]["command"] == ["migrate"]
    assert compose["services"]["postgres"]["image"].startswith("pgvector/pgvector:")


@pytest.mark.parametrize("service", ["server", "worker", "migrate"])
def test_every_variable_of_the_composition_is_a_setting(compose, service):
    known = {
        str(field.validation_alias or f"LABELGRAPH_{name}").upper()
        for name, field in Settings.model_fields.items()
    }
    given = set(compose["services"][service]["environment"])
    assert {name for name in given - known if not name.startswith("AWS_")} == set()
    assert {"DATABASE_URL", "REDIS_URL", "STORAGE_URL", "LABELGRAPH_SECRET"} <= given


def test_every_image_of_the_composition_has_a_version(compose):
    images = {name: one["image"] for name, one in compose["services"].items() if "build" not in one}
    assert [name for name, image in images.items() if ":" not in image or "latest" in image] == []


def test_secrets_of_the_composition_have_no_default():
    text = (ROOT / "compose.yaml").read_text()
    found = re.findall(r"\$\{(\w*(?:PASSWORD|SECRET))([^}]*)\}", text)
    assert found
    assert [name for name, rest in found if not rest.startswith(":?")] == []
