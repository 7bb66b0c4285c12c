"""The page about case files: its example is read, its errors are real, every key is on it."""

import re
from collections.abc import Iterator

import pytest

from lymphocast.errors import RecordError
from lymphocast.record.casefile import parse_case
from lymphocast.record.fields import Field, Group, Listing
from lymphocast.record.kinds import Kind
from lymphocast.record.schema import CASE
from lymphocast.record.validate import validate
from tests.conftest import ROOT
from tests.record.cases import changed

PAGE = (ROOT / "docs" / "case-file.md").read_text(encoding="utf-8")


def keys(fields: tuple[Field, ...]) -> Iterator[str]:
    for field in fields:
        yield field.key
        kind: Kind = field.kind.of if isinstance(field.kind, Listing) else field.kind
        if isinstance(kind, Group):
            yield from keys(kind.fields)


@pytest.mark.parametrize("key", sorted(set(keys(CASE.fields))))
def test_every_key_is_on_the_page(key: str) -> None:
    assert f"`{key}`" in PAGE


def test_the_example_is_a_case_without_contradictions() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert validate(parse_case(example, "example.yaml")) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value: 150 /uL", "valeu: 150 /uL"),
        ("at: 2020-01", "at: 2004-02-31"),
        ("150 /uL", "150 mg/L"),
        ("start + 6 mo", "begin + 6 mo"),
        ("at: 2020-01", "at: stop - 6 mo"),
        ("source: paper", "source: book"),
    ],
)
def test_the_errors_on_the_page_are_those_of_the_reader(old: str, new: str) -> None:
    with pytest.raises(RecordError) as caught:
        parse_case(changed(old, new), "case.yaml")
    assert str(caught.value) in PAGE
