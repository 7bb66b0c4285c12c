"""The pages: Python blocks run, commands and options are described, links lead somewhere."""

import re
import runpy
from pathlib import Path

import pytest
from typer.main import get_command

from lymphocast.cli import app
from tests.conftest import ROOT

PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
LONG_BLOCK = re.compile(r"^```py(?:thon)?\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]+)")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def python_of(page: Path, kind: re.Pattern[str] = BLOCK) -> str:
    """Return the Python blocks of a page as one program whose lines keep their numbers."""
    text = page.read_text(encoding="utf-8")
    lines = [""] * (text.count("\n") + 1)
    for block in kind.finditer(text):
        first = text.count("\n", 0, block.start(1))
        code = block.group(1).splitlines()
        lines[first : first + len(code)] = code
    return "\n".join(lines)


def pages_with(pattern: str) -> list[Path]:
    return [page for page in PAGES if pattern in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", pages_with("```python\n"), ids=name_of)
def test_the_python_on_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(python_of(page), str(page), "exec"), {"__name__": "__main__"})  # noqa: S102


@pytest.mark.slow
@pytest.mark.parametrize("page", pages_with("```py\n"), ids=name_of)
def test_the_python_on_a_page_that_takes_a_minute_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = compile(python_of(page, LONG_BLOCK), str(page), "exec")
    exec(program, {"__name__": "__main__"})  # noqa: S102


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_an_example_runs(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(example), run_name="__main__")


def test_the_readme_has_an_example_of_at_most_ten_lines() -> None:
    blocks = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert blocks
    assert len([line for line in blocks[0].splitlines() if line.strip()]) <= 10


def test_every_command_and_option_is_described() -> None:
    page = (ROOT / "docs" / "usage" / "commands.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    commands = getattr(get_command(app), "commands")  # noqa: B009
    assert list(sections) == list(commands)
    for name, command in commands.items():
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                assert option in sections[name], f"{name} {option}"


def test_every_option_on_the_page_exists() -> None:
    page = (ROOT / "docs" / "usage" / "commands.md").read_text(encoding="utf-8")
    known = {"--version", "--help"}
    for command in getattr(get_command(app), "commands").values():  # noqa: B009
        known |= {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"--[a-z]+(?:-[a-z]+)*", page)) <= known


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_of_the_repository(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_page_can_be_reached_from_the_index_or_the_readme(page: Path) -> None:
    entrances = (ROOT / "README.md", ROOT / "docs" / "index.md")
    linked = {
        (entrance.parent / target).resolve()
        for entrance in entrances
        for target in LINK.findall(entrance.read_text(encoding="utf-8"))
    }
    assert page.resolve() in linked or page in entrances
