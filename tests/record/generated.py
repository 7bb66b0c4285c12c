"""Records made at random from the table of fields, for properties that hold for every record.

The values are walked through the schema itself, so that a key that is added later is generated
too. What facts of different keys owe each other is put right afterwards.
"""

from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from lymphocast.record.analytes import ANALYTE_UNITS
from lymphocast.record.casefile import build_case
from lymphocast.record.fields import Field, Group, Listing, Reasons
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
from lymphocast.record.parts import Saying
from lymphocast.record.patient import PatientRecord
from lymphocast.record.schema import CASE
from lymphocast.units import commensurable, number_text

Tree = dict[str, Any]

AWKWARD: Final = (
    "=1+1", "+1", "-1", "@SUM(A1)", "- item", "a: b", "a # b", "# a", "null", "~", "true", "no",
    "1", "1e3", "2004-05-14", "08:30", "it's", '"quoted"', "a;b", "a; b", ";;", "a, b", "[a]",
    "{a: b}", "&a", "*a", "!a", "%a", "|", ">", "?", "'", '"', "\\", "\u00b5g \u2265 5",
    "\U0001f9ea", "'=1", "a:", "<<", "=", "<script>&amp;", "x" * 300, "word " * 60 + "end",
    "_x0041_", "\u00fc\u0308", "#N/A",
)  # fmt: skip
"""Texts that a format may take for something else."""
UNITS: Final = ("mg", "/uL", "%", "mg/L", "d", "kg", "M[IU]", "[arb'U]", "U/L", "h")
TIMES: Final = (
    "2004", "2004-05", "2004-05-14", "early 2004-02", "mid 2004-02", "late 2004-02",
    "2004-10-01/2004-10-10", "2004-05-14 +/- 3 d", "2004-05/2005",
)  # fmt: skip
EARLY, LATE = "2001-02-03", "2009-08-07"


def records() -> st.SearchStrategy[PatientRecord]:
    """Return records; every section may have some facts.

    A seed is drawn and the rest follows from it: drawing every text by itself takes a hundred
    times as long.
    """
    return st.integers(0, 2**32 - 1).map(record_of)


def record_of(seed: int) -> PatientRecord:
    """Return the record of a seed."""
    return build_case(_Case(Random(seed)).tree(), "generated")  # noqa: S311  (no secret)


class _Case:
    """One case: its identifiers are known before its facts are made."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.ids: dict[str, list[str]] = {}
        for f in CASE.fields:
            if isinstance(f.kind, Listing):
                count = random.randint(1 if f.key in ("sources", "events") else 0, 2)
                stem = f.key.replace("_", "-")
                self.ids[f.key] = [f"{stem}-{n}" for n in range(1, count + 1)]

    def chance(self, one_in: int = 2) -> bool:
        """Return true once in so many times."""
        return self.random.randrange(one_in) == 0

    def text(self) -> str:
        """Return a printable text with single blanks."""
        if self.chance():
            return self.random.choice(AWKWARD)
        length = self.random.randint(1, 12)
        letters = (chr(self.random.choice((33, 160, 0x3B1, 0x4E00)) + self.random.randrange(90))
                   for _ in range(length))  # fmt: skip
        text = "".join(c if c.isprintable() else " " for c in letters)
        return " ".join(text.split()) or "text"

    def number(self) -> str:
        """Return a positive number as a text that a case file reads."""
        whole = self.random.randint(1, 10**6)
        return str(whole) if self.chance() else number_text(whole / 1000)

    def tree(self) -> Tree:
        """Return the tree of a case."""
        tree: Tree = {}
        for f in CASE.fields:
            if isinstance(f.kind, Listing):
                rows = [self.fact(f.key, f.kind.of, name) for name in self.ids[f.key]]
                if rows:
                    tree[f.key] = rows
            elif f.key != "modelling" and (f.required or self.chance()):
                tree[f.key] = self.value(f.kind)
        tree["id"] = "generated"
        if self.ids["administrations"] and self.ids["measurements"] and self.chance():
            tree["modelling"] = self.modelling(tree)
        return tree

    def fact(self, section: str, kind: Kind, name: str) -> Tree:
        """Return one fact of a section, with what its keys owe each other."""
        row: Tree = self.value(kind)
        row["id"] = name
        mend = getattr(self, f"mend_{section}", None)
        if mend is not None:
            mend(row)
        return row

    def value(self, kind: Kind) -> Any:  # noqa: ANN401  (whatever the kind holds)
        """Return a value of a kind."""
        if isinstance(kind, Saying):
            words = {key for key, k in kind.kinds.items() if isinstance(k, Text)} - {"dosing"}
            key = self.random.choice(sorted(words) or ["at"])
            says = self.text() if key != "at" else EARLY
            return {**self.value(kind.group), "key": key, "says": says}
        if isinstance(kind, Group):
            return self.group(kind)
        if isinstance(kind, Listing):
            few = self.random.randint(max(kind.least, 1), max(kind.least, 2))
            return [self.value(kind.of) for _ in range(few)]
        if isinstance(kind, Reasons):
            return {name: self.text() for name in kind.names if self.chance()}
        return self.scalar(kind)

    def group(self, kind: Group) -> Tree:
        """Return a mapping: required keys, and some of the others."""
        keys = [f for f in kind.fields if not f.short and self.wanted(f)] or [kind.fields[0]]
        row: Tree = {f.key: self.value(f.kind) for f in keys}
        if row.get("method") in ("derived", "assumed"):
            row.setdefault("note", "reason")
        return row

    def wanted(self, f: Field) -> bool:
        """Return whether a key is written: those that need other sections are not."""
        if f.required:
            return True
        if isinstance(f.kind, FactRef) or f.key in ("read_off", "dosing", "titrated_to"):
            return False
        return self.chance(4)

    def scalar(self, kind: Kind) -> object:
        """Return one text or number."""
        pick = self.random.choice
        if isinstance(kind, Measure):
            units = [u for u in UNITS if not kind.like or commensurable(u, kind.like)]
            return f"{self.number()} {pick(units or [kind.like])}"
        if isinstance(kind, Choice):
            return str(pick(list(kind.options)))
        if isinstance(kind, Named | NamedAsPrinted):
            return pick(kind.table.names).canonical if self.chance() else self.text()
        if isinstance(kind, FactRef):
            return pick(self.ids.get(kind.section or "events") or ["events-1"])
        if isinstance(kind, SourceRef):
            return pick(self.ids["sources"])
        if isinstance(kind, Word):
            return pick(kind.words)
        if isinstance(kind, Pattern):
            clock = "[01]" in kind.pattern
            return pick(("08:30", "23:59") if clock else ("LOINC:24467-3", "A:1/b"))
        return self.plain(kind)

    def plain(self, kind: Kind) -> object:
        """Return what does not depend on the kind's own settings."""
        simple: dict[type[Kind], Callable[[], object]] = {
            Text: self.text,
            Identifier: lambda: "name",
            Time: lambda: self.random.choice(TIMES),
            Day: lambda: str(date.fromordinal(self.random.randint(1, date.max.toordinal()))),
            Days: lambda: f"{self.number()} d",
            Number: self.number,
            Whole: lambda: self.random.randint(1, 6),
            YesNo: lambda: self.chance(),
        }
        return simple[type(kind)]()

    def mend_events(self, row: Tree) -> None:
        """Let an event hang on the one before it."""
        place = self.ids["events"].index(row["id"])
        if place and self.chance():
            row["at"] = f"{self.ids['events'][place - 1]} + 6 mo +/- 10 d"

    def mend_administrations(self, row: Tree) -> None:
        """Begin before the end; a cycle is longer than its doses."""
        row["start"], row["stop"] = EARLY, LATE
        if self.chance():
            row.update(dosing="11 MU weekly in three doses", amount="11 MU", per="7 d", divided=3)
            row.pop("cycle", None)
        if "cycle" in row:
            row["cycle"] = {"days": "5 d", "every": "56 d"}
        if "product" not in row:
            row.pop("product_provenance", None)

    def mend_missed_doses(self, row: Tree) -> None:
        """State dates only where they are known."""
        for key in ("start", "stop", "dates"):
            row.pop(key, None)
        if row["dates_known"]:
            row.update({"start": EARLY, "stop": LATE, "dates": ["2004", "2005-01-01"]})

    def mend_measurements(self, row: Tree) -> None:
        """Give the value a unit that suits the analyte."""
        unit = ANALYTE_UNITS.get(row["analyte"], "mg")
        row["value"] = f"{self.number()} {unit}"
        row.setdefault("reading_error", "0.5")
        if "normal" in row:
            row["normal"] = {"low": f"1 {unit}", "high": f"2.5 {unit}"}

    def mend_adverse_events(self, row: Tree) -> None:
        """Keep a grade between 1 and 5."""
        if "grade" in row:
            row["grade"] = min(row["grade"], 5)

    def mend_figures(self, row: Tree) -> None:
        """Give the axes exact marks."""
        row["x"] = [{"pixel": 0, "at": EARLY}, {"pixel": 10.5, "at": LATE}]
        row["y"] = [{"pixel": 0, "value": "0 /uL"}, {"pixel": 10, "value": "5 /uL"}]

    def mend_timelines(self, row: Tree) -> None:
        """Read events on the calendar."""
        row["at"] = "2004-05"
        row.pop("also", None)

    def modelling(self, tree: Tree) -> Tree:
        """Return choices that fit the record."""
        drug = tree["administrations"][0]["drug"]
        unit = tree["measurements"][0]["value"].split()[-1]
        return {
            "study_drug": drug,
            "antibiotic": drug,
            "entry_measurement": "measurements-1",
            "entry_below": f"350 {unit}",
            "recovery_clock": "events-1",
            "infection_lift": "events-1",
            "nominal": [],
            "rationale": {"study_drug": self.text()},
        }
