"""`tools/with-node` takes the machine's Node.js if it is new enough, and else brings one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WITH_NODE = Path(__file__).parents[2] / "tools" / "with-node"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs that stands first on the path, with npm in it."""
    for name in ("npm", "npx"):
        program(tmp_path / name, "the machine's")
    return tmp_path


def program(path: Path, says: str) -> None:
    path.write_text(f'#!/bin/sh\necho "{says}"\n')
    path.chmod(0o755)


def run(machine: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{machine}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [sys.executable, WITH_NODE, *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("version", ["v22.12.0", "v24.0.1", "v101.3.0"])
def test_a_machine_with_a_new_one_uses_it(machine: Path, version: str) -> None:
    program(machine / "node", version)
    assert run(machine, "node", "--version").stdout.strip() == version
    assert run(machine, "npm").stdout.strip() == "the machine's"


@pytest.mark.parametrize("version", ["v20.20.2", "v22.11.9", "v9.1.0", "nonsense"])
def test_an_old_one_is_passed_over(machine: Path, version: str) -> None:
    program(machine / "node", version)
    found = run(machine, "node", "-p", "process.versions.node").stdout.strip()
    assert tuple(map(int, found.split("."))) >= (22, 12)
    assert run(machine, "npm", "--version").stdout.strip() != "the machine's"
    inside = run(machine, "npm", "exec", "--offline", "-c", "node --version").stdout.strip()
    assert inside == f"v{found}"


def test_the_command_decides_how_it_ends(machine: Path) -> None:
    assert run(machine, "node", "-e", "process.exit(3)").returncode == 3
    missing = run(machine, "no-such-program")
    assert missing.returncode == 1
    assert "no-such-program: No such file or directory" in missing.stderr
