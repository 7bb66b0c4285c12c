"""The fuzzer itself: that it runs, and that what is no clean read and no error of ours is found."""

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT


def fuzzer() -> Any:  # noqa: ANN401  (a script, of which no type is known)
    loader = SourceFileLoader("fuzz_script", str(ROOT / "scripts" / "fuzz"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_a_planted_bug_is_found_and_its_input_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fuzz = fuzzer()

    def planted(path: Path) -> None:
        if b"\x00" in path.read_bytes():
            raise KeyError(path.stem)

    monkeypatch.setattr(fuzz, "READERS", {"planted": fuzz.Reader(planted, ".txt", (b"a 1",))})
    options = ["--minutes", "0.01", "--seed", "3", "--save", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["fuzz", *options])
    assert fuzz.main() == 1
    assert "KeyError: 'planted'" in capsys.readouterr().out
    (kept,) = tmp_path.glob("planted-3-*.txt")
    assert b"\x00" in kept.read_bytes()


def test_every_example_of_the_fuzzer_is_a_valid_file(tmp_path: Path) -> None:
    for name, reader in fuzzer().READERS.items():
        for content in reader.samples:
            path = tmp_path / f"{name}{reader.suffix}"
            path.write_bytes(content)
            reader.read(path)
