"""The public names: one sorted table, which agrees with the types, the modules and the pages."""

import ast
import re
from importlib import import_module

import pytest

import lymphocast
from tests.conftest import ROOT

OPENING = ROOT / "src" / "lymphocast" / "__init__.py"
TABLE = lymphocast._PUBLIC
CONTRACT_MODULES = (
    "errors",
    "forecast.results",
    "record.adverse",
    "record.context",
    "record.dosing",
    "record.events",
    "record.figure",
    "record.patient",
    "record.provenance",
    "record.when",
    "units",
)


def test_the_table_is_sorted() -> None:
    assert list(TABLE) == sorted(TABLE, key=lambda name: (name.lower(), name))


@pytest.mark.parametrize("name", TABLE)
def test_a_public_name_is_defined_in_the_module_that_the_table_names(name: str) -> None:
    value = getattr(lymphocast, name)
    assert value.__module__ == f"lymphocast.{TABLE[name]}"
    assert value.__name__ == name
    assert value.__doc__, "a public name says what it is"


def test_type_checkers_see_the_same_table() -> None:
    seen = {}
    for node in ast.walk(ast.parse(OPENING.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lymphocast."):
            for alias in node.names:
                assert alias.asname == alias.name
                seen[alias.name] = (node.module or "").removeprefix("lymphocast.")
    assert seen.pop("__version__") == "_version"
    assert seen == TABLE


@pytest.mark.parametrize("module", CONTRACT_MODULES)
def test_every_type_of_the_record_and_of_the_results_is_public(module: str) -> None:
    full = f"lymphocast.{module}"
    types = {
        name
        for name, value in vars(import_module(full)).items()
        if isinstance(value, type) and value.__module__ == full and not name.startswith("_")
    }
    assert types <= {name for name, home in TABLE.items() if home == module}


def test_the_api_page_documents_exactly_the_table() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)
    assert sorted(documented) == sorted(TABLE)


def test_dir_lists_the_public_names() -> None:
    assert dir(lymphocast) == sorted([*TABLE, "__version__"])


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        lymphocast.nonsense  # noqa: B018
