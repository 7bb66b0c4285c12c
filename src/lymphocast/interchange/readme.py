"""What every column of a table of facts wants, in words: the sheet README."""

from typing import Final

from lymphocast.interchange.columns import Column, columns_of
from lymphocast.interchange.tables import COMMENT, SHEETS
from lymphocast.record.fields import Listing
from lymphocast.record.kinds import (
    Choice,
    Day,
    FactRef,
    Identifier,
    Kind,
    Named,
    NamedAsPrinted,
    Pattern,
    SourceRef,
    Text,
    Time,
    Word,
)
from lymphocast.record.numbers import Days, Measure, Number, Whole, YesNo
from lymphocast.record.when import TIME_FORMS

_INTRODUCTION: Final = (
    "One sheet holds one kind of facts, one row one fact. Leave out what is not stated.",
    f"A row whose first cell begins with {COMMENT} is an example or a comment: it is not read.",
    "Every fact names its place: provenance.source is an id of the sheet 'sources'.",
    "Further places are provenance.2.source, provenance.2.locator and so on; other lists likewise.",
    "A number and its unit stand in two cells (value, value.unit), or both in the first.",
    "Write times as text, as exactly as they are known: 2004-05 is a month, not its first day.",
)
_HEADINGS: Final = ("sheet", "column", "needed", "what it is", "what may stand there")


def readme_rows() -> tuple[tuple[str, ...], ...]:
    """Return what every column wants, a line each."""
    rows = [(line,) for line in _INTRODUCTION]
    told = [
        (name, column.name, "yes" if column.required else "", column.meaning, form_of(column))
        for name, group in SHEETS.items()
        for column in columns_of(group)
    ]
    return (*rows, ("",), _HEADINGS, *told)


def form_of(column: Column) -> str:
    """Return what may stand in a column."""
    kind = column.kind
    if isinstance(kind, Listing):
        return f"several, separated by ';': {_form(kind.of)}"
    if column.unit:
        return f"a unit, such as {unit_of(column)}"
    return _form(kind)


def _form(kind: Kind) -> str:
    """Return what a kind reads, in words."""
    if isinstance(kind, Choice):
        return f"one of {', '.join(map(str, kind.options))}"
    if isinstance(kind, Word):
        return f"one of {', '.join(kind.words)}"
    if isinstance(kind, Named | NamedAsPrinted):
        return f"a name, such as {', '.join(n.canonical for n in kind.table.names[:3])}"
    if isinstance(kind, FactRef):
        return f"id of a row in '{kind.section}'" if kind.section else "id of a dated fact"
    if isinstance(kind, Pattern):
        return kind.needed
    simple: dict[type[Kind], str] = {
        Text: "text",
        Identifier: "an id of lower-case letters, digits and single hyphens, such as cd4-month-5",
        SourceRef: "id of a row in 'sources'",
        Time: TIME_FORMS,
        Day: "a day such as 2004-05-14",
        Measure: "a number, its unit in the next column",
        Days: "a number, its unit in the next column",
        Number: "a number",
        Whole: "a whole number",
        YesNo: "true or false",
    }
    return simple[type(kind)]


def unit_of(column: Column) -> str:
    """Return a unit that a quantity may have."""
    kind = column.kind
    if isinstance(kind, Measure):
        return kind.like or ("mg" if column.path[-1] == "amount" else "/uL")
    return "d"
