"""What docs/architecture.md and docs/adr/ promise of the code as a whole. For the layers see tool.importlinter."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from packaging.requirements import Requirement
from packaging.version import Version

from app import tables
from app.core import migrations
from app.core.embedded import Services
from tests.conftest import drop_database, fresh_database

ROOT = Path(__file__).parents[1]
CODE = sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("schema/**/*.py")])
ADRS = sorted(ROOT.glob("docs/adr/*.md"))
LOCKS = sorted(ROOT.glob("requirements/*.txt"))

LOOKS_ACROSS = {
    ("app/background/queries.py", "Member"): "today's role of who started a job",
    ("app/embeddings/encoder_queries.py", "MetadataKey"): "the embedding that an encoder is of",
    ("app/embeddings/lacking.py", "File"): "images that have no vector yet",
    ("app/embeddings/lacking.py", "FolderAncestor"): "images in a folder and all below it",
    ("app/embeddings/lacking.py", "Integration"): "images that we may read",
    ("app/files/access.py", "GroupMember"): "grants of groups",
    ("app/files/queries.py", "MetadataKey"): "names of the keys that type errors speak of",
    ("app/files/queries.py", "Tag"): "tags on folders",
    ("app/search/conditions.py", "FileText"): "files by the words of their texts",
    ("app/search/indexing.py", "MetadataKey"): "keys whose values are still being read",
    ("app/search/places.py", "CollectionFile"): "files by their collection",
    ("app/search/places.py", "FolderAncestor"): "files below a folder",
    ("app/search/places.py", "FolderTag"): "files by the tags of their folder",
    ("app/search/queries.py", "MetadataKey"): "the key that an index is of",
    ("app/uploads/jobs.py", "Integration"): "what a job may reach",
    ("app/uploads/leave.py", "Member"): "today's role of who started a job",
}
"""Tables of tenants that a feature reads though a lower one owns them, and what for."""

READS_THE_ENVIRONMENT = {
    "app/core/settings.py": "the settings themselves",
    "app/core/storage/opening.py": "keys of the server's own AWS account, where AWS tools look, too",
    "app/core/supervisor.py": "the server process gets what its supervisor got",
    "app/media/sandbox.py": "the sandbox gets a few harmless variables",
}
CHANGES_ITS_SESSION = {
    "app/embeddings/building.py": "a connection of its own, closed at the end",
    "app/core/migrations.py": "a connection of its own, closed at the end",
    "app/core/reads.py": "set anew for whoever takes the connection: tests/app/core/test_reads.py",
}

FLOORS = {
    "graphql-core": "3.3.2",  # denials of service in validator and parser
    "strawberry-graphql": "0.327.2",
    "starlette": "1.3.1",
    "python-multipart": "0.0.27",
    "sqlalchemy": "2.1.9",  # broken asyncpg connections handed back to the pool
}
"""Older ones have faults that are known to be dangerous. Those that we do not install count as well."""


MODELS: dict[str, Any] = {
    one.__name__: one
    for module in tables.MODULES
    for one in vars(module).values()
    if hasattr(one, "__table__")
}
"""Every table class by its name."""
OF_TENANTS = {name for name, one in MODELS.items() if "organisation_id" in one.__table__.columns}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _calls(path: Path, *names: str) -> Iterator[tuple[str, str]]:
    """Of the calls to these functions: the function, and each table class among its arguments."""
    for node in ast.walk(_tree(path)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else _id(node.func)
        if called in names:
            for argument in node.args:
                for part in ast.walk(argument):
                    if _id(part) in MODELS:
                        yield called, _id(part)


def _id(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _owner(model: str) -> str:
    """The folder of the feature that owns the table."""
    return str(MODELS[model].__module__.rpartition(".")[0].replace(".", "/"))


def _is_root(path: Path) -> bool:
    """Composition roots may touch whatever they put together."""
    return _name(path).startswith(("app/cli/", "app/demo/", "app/main.py", "app/worker.py"))


def test_the_schema_speaks_no_sql() -> None:
    said = {
        (_name(path), *call)
        for path in CODE
        if _name(path).startswith("schema/")
        for call in _calls(path, "select", "insert", "update", "delete", "get", "get_one")
    }
    assert said == set()


def test_a_feature_changes_only_its_own_tables() -> None:
    changed = {
        (_name(path), model)
        for path in CODE
        if not _is_root(path)
        for _, model in _calls(path, "insert", "update", "delete")
        if not _name(path).startswith(f"{_owner(model)}/")
    }
    assert changed == set()


def test_a_table_of_tenants_is_read_in_its_own_feature_or_for_a_reason_given_here() -> None:
    read = {
        (_name(path), model)
        for path in CODE
        if not _is_root(path)
        for _, model in _calls(path, "select", "get", "get_one")
        if model in OF_TENANTS and not _name(path).startswith(f"{_owner(model)}/")
    }
    assert read == set(LOOKS_ACROSS)


def test_the_environment_is_read_in_one_place_and_handed_on_in_few() -> None:
    reading = {
        _name(path)
        for path in CODE
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute | ast.alias)
        and getattr(node, "attr", getattr(node, "name", "")) in {"environ", "environb", "getenv"}
    }
    assert reading | {"app/core/settings.py"} == set(READS_THE_ENVIRONMENT)


LASTING = re.compile(
    r"set_config\([^)]*,\s*false\s*\)"
    r"|(?:^|;)\s*set\s+(?:session\s+)?(?!local\b|session\b)[a-z_.]+\s*(?:=|\bto\b)"
    r"|(?:^|;)\s*set\s+(?:session\s+)?(?:role|authorization)\b",
)


def _said(path: Path) -> Iterator[str]:
    """Every text of a file that is not a docstring."""
    tree = _tree(path)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def test_no_setting_outlives_its_transaction() -> None:
    lasting = {_name(path) for path in CODE for said in _said(path) if LASTING.search(said.lower())}
    assert lasting == set(CHANGES_ITS_SESSION)


@pytest.mark.parametrize(
    ("statement", "lasts"),
    [
        ("set app.organisation_id = 'x'", True),
        ("set session statement_timeout to 5", True),
        ("select 1; set role owner", True),
        ("select set_config('app.user_id', :id, false)", True),
        ("set local statement_timeout = 5", False),
        ("select set_config('app.user_id', :id, true)", False),
        ("update file set name = 'x'", False),
    ],
)
def test_a_lasting_setting_is_recognised(statement: str, lasts: bool) -> None:
    assert bool(LASTING.search(statement)) is lasts


def _installed(name: str) -> Version | None:
    try:
        return Version(version(name))
    except PackageNotFoundError:
        return None


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_no_package_has_a_fault_that_is_known_to_be_dangerous(name: str, floor: str) -> None:
    found = _installed(name)
    assert found is None or found >= Version(floor)


def test_what_is_installed_is_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [Requirement(one) for one in project["dependencies"]]
    wrong = {
        one.name: _installed(one.name)
        for one in asked
        if (one.marker is None or one.marker.evaluate())
        and _installed(one.name) is not None
        and not one.specifier.contains(_installed(one.name) or "", prereleases=True)
    }
    missing = [
        one.name
        for one in asked
        if (one.marker is None or one.marker.evaluate()) and _installed(one.name) is None
    ]
    assert (wrong, missing) == ({}, [])


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_address_and_has_a_hash_for_every_package(lock: Path) -> None:
    said = lock.read_text()
    pinned = [part for part in re.split(r"\n(?=\S)", said) if "==" in part.partition("\n")[0]]
    assert "://" not in said
    assert pinned
    assert [part.partition("\n")[0] for part in pinned if "--hash=sha256:" not in part] == []


PROSE = [*ADRS, ROOT / "docs/architecture.md", ROOT / "CONTRIBUTING.md"]
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+\.\w+)`")


@pytest.mark.parametrize("adr", ADRS, ids=lambda path: path.stem)
def test_an_adr_says_why_and_what_holds_it(adr: Path) -> None:
    said = adr.read_text()
    parts = ["## Context", "## Decision", "## Consequences", "## Held by"]
    assert [part for part in parts if part not in said] == []
    assert PATH.findall(said.partition("## Held by")[2])


@pytest.mark.parametrize("prose", PROSE, ids=lambda path: path.stem)
def test_a_file_that_is_named_is_there(prose: Path) -> None:
    assert [one for one in PATH.findall(prose.read_text()) if not (ROOT / one).exists()] == []


def test_the_migrations_have_one_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.head()]


def test_a_migrated_database_is_what_the_models_say(services: Services) -> None:
    url = fresh_database(services, "test_architecture")
    migrations.migrate(url)
    found = migrations.differences(url)
    drop_database(services, "test_architecture")
    assert found is None
