"""What npm installs for the tests."""

import json
from pathlib import Path

import pytest

from tests.node.tool import HERE


@pytest.mark.parametrize("folder", ["audit", "clients", "codegen", "inspector", "lint", "relay"])
def test_a_lock_holds_a_digest_for_each_package_and_no_addresses(folder: str) -> None:
    text = Path(HERE, folder, "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert [name for name, one in packages.items() if name and "integrity" not in one] == []
    assert "://" not in text, "write the locks with `make lock`"
