"""What others' tools say of the public schema: a linter, and one that finds what breaks clients."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.node.tool import HERE, ROOT, Tool

SDL = ROOT / "schema" / "schema.graphql"
RELEASED = ROOT / "schema" / "released.graphql"
DOCUMENTS = sorted((HERE / "operations").glob("*.graphql"))
DESCRIBED = r'  """[^"]*"""\n  '
"""Before a member."""

SPOILINGS = [
    (r'"""[^"]*"""\ntype Folder ', "type Folder ", "require-description"),
    (r"endCursor: String\b", "endCursor: Folder", "relay-page-info"),
    (r"edges: \[FileEdge!\]!", "edges: FileEdge!", "relay-connection-types"),
    (r"\n  ADMIN\n", "\n  admin\n", "naming-convention"),
    (
        r"type Tag implements Node {",
        "type Tag {\n  tagName: Int\n}\ntype Tog {",
        "strict-id-in-types",
    ),
]
"""What to look for, what to put there, and the rule that this breaks."""


@pytest.fixture(scope="module")
def lint() -> Tool:
    return Tool.installed("lint")


@pytest.fixture(scope="module")
def inspector() -> Tool:
    return Tool.installed("inspector")


def said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


def spoilt(text: str, old: str, new: str) -> str:
    """The text with its first `old` made `new`; the test fails if there is none."""
    changed, count = re.subn(old, new, text, count=1)
    assert count == 1, old
    return changed


async def linted(lint: Tool, *names: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """What eslint says of files, or of a text as if it were one; then it forgets what is suppressed."""
    places = {
        "--config": "eslint.config.mjs",
        "--suppressions-location": "suppressions.json",
    }
    options = [part for key, name in places.items() for part in (key, str(lint.folder / name))]
    return await lint.run(lint.program("eslint"), *options, *names, cwd=ROOT, text=text)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


async def test_schema_and_sample_operations_follow_the_rules_of_graphql_eslint(lint: Tool) -> None:
    done = await linted(lint, relative(SDL), *map(relative, DOCUMENTS))
    assert done.returncode == 0, said(done)


async def test_a_spoilt_schema_is_found_out(lint: Tool) -> None:
    text = SDL.read_text()
    for old, new, _ in SPOILINGS:
        text = spoilt(text, old, new)
    done = await linted(lint, "--stdin", "--stdin-filename", relative(SDL), text=text)
    assert done.returncode == 1, said(done)
    missed = [rule for *_, rule in SPOILINGS if f"@graphql-eslint/{rule}" not in done.stdout]
    assert missed == [], done.stdout


async def test_a_careless_operation_is_found_out(lint: Tool) -> None:
    name = relative(DOCUMENTS[0].with_name("careless.graphql"))
    done = await linted(lint, "--stdin", "--stdin-filename", name, text="{ me { name } }")
    assert done.returncode == 1, said(done)
    for rule in ("no-anonymous-operations", "require-selections"):
        assert f"@graphql-eslint/{rule}" in done.stdout


async def changes(inspector: Tool, old: Path, new: Path) -> subprocess.CompletedProcess[str]:
    return await inspector.run("node", "changes.mjs", str(old), str(new))


async def test_nothing_that_was_released_is_broken(inspector: Tool) -> None:
    done = await changes(inspector, RELEASED, SDL)
    assert done.returncode == 0, said(done)


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        (
            r"type Upload implements Node {",
            r"\g<0>\n  extra: Int\n",
            0,
            "NON_BREAKING: Field 'extra'",
        ),
        (DESCRIBED + r"byteSize: SafeInt\n", "", 1, "BREAKING: Field 'byteSize' was removed"),
        (
            r"input CreateTagInput {",
            r"\g<0>\n  colour: String!\n",
            1,
            "BREAKING: Input field 'colour'",
        ),
        (DESCRIBED + r"ADMIN\n", "", 1, "BREAKING: Enum value 'ADMIN' was removed"),
    ],
)
async def test_a_removal_breaks_clients_and_an_addition_does_not(
    inspector: Tool, tmp_path: Path, old: str, new: str, code: int, message: str
) -> None:
    later = tmp_path / "later.graphql"
    later.write_text(spoilt(SDL.read_text(), old, new))
    done = await changes(inspector, SDL, later)
    assert done.returncode == code, said(done)
    assert message in done.stdout


async def test_the_server_tells_everybody_this_very_schema(
    inspector: Tool, server: str, tmp_path: Path
) -> None:
    url, other = f"{server}/graphql", tmp_path / "other.graphql"
    done = await inspector.run("node", "served.mjs", str(SDL), url)
    assert done.returncode == 0, said(done)
    other.write_text(spoilt(SDL.read_text(), '"""The job.', '"""A job.'))
    done = await inspector.run("node", "served.mjs", str(other), url)
    assert "description changed" in done.stdout, said(done)


async def test_the_sample_operations_are_valid_and_use_nothing_deprecated(inspector: Tool) -> None:
    done = await inspector.run("node", "documents.mjs", str(SDL), *map(str, DOCUMENTS))
    assert done.returncode == 0, said(done)


async def test_an_operation_that_uses_what_is_deprecated_is_found_out(
    inspector: Tool, tmp_path: Path
) -> None:
    sdl, document = tmp_path / "later.graphql", tmp_path / "old.graphql"
    sdl.write_text(spoilt(SDL.read_text(), "\n  me: Me\n", '\n  me: Me @deprecated(reason: "x")\n'))
    document.write_text("query Old { me { id } nothing }")
    done = await inspector.run("node", "documents.mjs", str(sdl), str(document))
    assert done.returncode == 1
    assert "The field 'Query.me' is deprecated" in done.stdout
    assert 'Cannot query field "nothing"' in done.stdout
