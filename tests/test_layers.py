"""The floors: who may import whom. The contracts themselves stand in pyproject.toml."""

import ast
import sys
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.conftest import ROOT

SOURCE = ROOT / "src" / "lymphocast"
MODULES = sorted(SOURCE.rglob("*.py"))
PACKAGES = sorted(path for path in SOURCE.rglob("__init__.py") if path.parent != SOURCE)


def imported_modules(path: Path) -> list[str]:
    """Return the modules that a file names in its import statements, wherever they stand."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.append(node.module)
    return found


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def test_imports_go_to_lower_floors_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", [str(ROOT / "src"), *sys.path])
    status = lint_imports(no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_imports_from_the_package_itself(path: Path) -> None:
    assert "lymphocast" not in imported_modules(path)


@pytest.mark.parametrize("path", PACKAGES, ids=name_of)
def test_the_opening_file_of_a_package_is_one_docstring(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert len(body) == 1
    assert ast.get_docstring(ast.Module(body, [])), "it says what the package is for"


# The opening file of the whole is the table of public names, as long as there are names.
@pytest.mark.parametrize("path", sorted({*MODULES} - {SOURCE / "__init__.py"}), ids=name_of)
def test_no_module_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def long_functions(path: Path) -> list[str]:
    """Return the functions whose body, without docstring, has more than 40 lines."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        if body and (body[-1].end_lineno or 0) - body[0].lineno + 1 > 40:
            found.append(f"{node.name} (line {node.lineno})")
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_function_body_is_longer_than_40_lines(path: Path) -> None:
    assert long_functions(path) == []
