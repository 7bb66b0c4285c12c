"""The house: pinned packages agree, and the interpreter is one that runs."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

PIN = re.compile(
    r"^([a-z0-9-]+)(?:\[[^\]]*\])?==([^ ]+)((?: ;[^\\]*)?) \\\n((?:    --hash.*\n?)+)", re.M
)
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-bench.txt")


def pins(lock: str) -> dict[tuple[str, str], str]:
    """Return the version of each package, by its name and the marker it holds for."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {(name, marker): version for name, version, marker, _ in PIN.findall(text)}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_pin_with_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert PIN.sub("", text).strip() == ""
    assert "://" not in text


def test_the_test_tools_are_pinned_on_top_of_the_same_packages() -> None:
    runtime, everything = pins(LOCKS[0]), pins(LOCKS[1])
    assert {name for name, _ in runtime} <= {name for name, _ in everything}
    for (name, marker), version in everything.items():
        assert runtime.get((name, marker), version) == version, name


def test_the_peers_of_the_benchmark_use_the_same_versions() -> None:
    ours, peers = pins(LOCKS[1]), pins(LOCKS[2])
    versions = {name: {v for (n, _), v in ours.items() if n == name} for name, _ in peers}
    for (name, _), version in peers.items():
        assert not versions[name] or version in versions[name], name


def test_every_declared_package_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    for lock, declared in (
        (LOCKS[0], project["project"]["dependencies"] + groups["build"]),
        (LOCKS[1], groups["dev"]),
    ):
        pinned = {name for name, _ in pins(lock)}
        assert {re.split(r"[\[<>=!~ ]", line)[0] for line in declared} <= pinned


def shim(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def find_python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "find-python"), *arguments],
        env={**os.environ, "PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_shim_that_fails_is_passed_over(tmp_path: Path) -> None:
    shim(tmp_path, "python3.11", "echo 'command not found' >&2; exit 127")
    shim(tmp_path, "python3.12", f'exec {sys.executable} "$@"')
    done = find_python(tmp_path)
    assert done.returncode == 0
    assert done.stdout.strip() == str(tmp_path / "python3.12")


def test_a_python_without_ensurepip_is_refused_with_the_package_to_install(
    tmp_path: Path,
) -> None:
    real = f'exec {sys.executable} "$@"'
    shim(tmp_path, "python3.11", f'case "$2" in *ensurepip*) exit 1;; esac; {real}')
    done = find_python(tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"apt-get install python{version}-venv" in done.stderr


def test_no_python_at_all_is_said(tmp_path: Path) -> None:
    done = find_python(tmp_path)
    assert done.returncode == 1
    assert "no working Python 3.11, 3.12 or 3.13" in done.stderr


def test_a_named_python_that_does_not_work_is_refused(tmp_path: Path) -> None:
    done = find_python(tmp_path, "python9")
    assert done.returncode == 1
    assert "python9" in done.stderr
