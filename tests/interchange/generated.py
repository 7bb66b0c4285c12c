"""Records made at random from the table of fields: every key of a case file, filled or left out.

An item that the rules of a case refuse (a stop before its start) is left out, so that each record
is a valid one.
"""

import random
from collections.abc import Callable
from datetime import date
from typing import Any

from lymphocast.errors import RecordError
from lymphocast.record.analytes import ANALYTE_UNITS, ANALYTES
from lymphocast.record.casefile import build_case
from lymphocast.record.fields import Field, Group, Listing, Reasons
from lymphocast.record.kinds import (
    CLOCK,
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
from lymphocast.record.schema import PATIENT, SECTIONS, SOURCES

WORDS = ("no", "null", "cough", "<10>", "naïve", '"quoted"', "30 %", "a/b", "µL", "CD4", "~", "[x]")
UNITS = ("/uL", "10*9/L", "mg", "M[arb'U]", "M[IU]/m2", "%", "d", "kg", "cm", "mg/L", "1", "ms")
LIKE = {"d": ("d", "mo", "h"), "h": ("h", "d"), "a": ("a", "mo")}
DOSES = ("600 000 U daily", "11 MU weekly in three equal doses", "500 mg twice a day", "1 g q12h")
ITEMS = 2  # at most, in a list
TRIES = 4  # for an item of each section
OFTEN, SELDOM = 0.45, 0.2


class Maker:
    """Makes values of each kind from one source of chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  (a reproducible test)
        self.sources: list[str] = []
        self.facts: dict[str, list[str]] = {}
        self.names = 0
        self.makers: dict[type[Kind], Callable[[Any], Any]] = {
            Choice: lambda kind: str(self.chance.choice(list(kind.options))),
            Named: self.named,
            NamedAsPrinted: self.named,
            Text: lambda _: self.words(),
            Identifier: lambda _: self.identifier(),
            SourceRef: lambda _: self.chance.choice(self.sources),
            FactRef: self.reference,
            Time: lambda _: self.time(),
            Day: lambda _: self.day(),
            Pattern: lambda kind: "08:30" if kind is CLOCK else self.code(),
            Word: lambda kind: self.chance.choice(kind.words),
            Measure: lambda kind: f"{self.number()} {self.unit(kind.like)}",
            Days: lambda _: f"{self.chance.randint(1, 60)} d",
            Number: lambda _: self.number(),
            Whole: lambda kind: self.chance.randint(kind.least, 6),
            YesNo: lambda _: self.chance.random() < 0.5,
            Listing: lambda kind: [
                self.value(kind.of) for _ in range(self.chance.randint(max(1, kind.least), ITEMS))
            ],
            Group: self.group,
            Saying: self.saying,
            Reasons: lambda kind: {kind.names[0]: self.words()},
        }

    def value(self, kind: Kind) -> Any:  # noqa: ANN401  (each kind has its own)
        return self.makers[type(kind)](kind)

    def group(self, kind: Group) -> dict[str, Any]:
        keys = [f for f in kind.fields if not f.short and f.key != "read_off"]
        return {f.key: self.field(f) for f in keys if self.filled(f)}

    def filled(self, field: Field) -> bool:
        if field.required:
            return not field.unless or self.chance.random() < 0.9
        return self.chance.random() < (SELDOM if isinstance(field.kind, Listing) else OFTEN)

    def field(self, field: Field) -> Any:  # noqa: ANN401  (each kind has its own)
        return self.chance.choice(DOSES) if field.key == "dosing" else self.value(field.kind)

    def item(self, section: str, kind: Kind) -> dict[str, Any]:
        """Return an item whose keys have a chance to fit each other."""
        item: dict[str, Any] = self.value(kind)
        if "dosing" in item:
            item = {k: v for k, v in item.items() if k not in {"amount", "per", "divided", "cycle"}}
        if "stop" in item:
            item["stop"] = self.chance.choice(("2020", "2020-05", "late 2020-05", "2020-05-31"))
        if "product" not in item:
            item.pop("product_provenance", None)
        if section == "measurements":
            known = ANALYTES.find(item["analyte"])
            unit = self.unit("" if known is None else ANALYTE_UNITS[known.canonical])
            item["value"] = f"{self.number()} {unit}"
            if "normal" in item:
                item["normal"] = {
                    "low": f"0.5 {unit}",
                    "high": f"{self.chance.randint(1, 9)} {unit}",
                }
        return item

    def saying(self, kind: Saying) -> dict[str, Any]:
        said: dict[str, Any] = self.group(kind.group)
        return {**said, "says": self.value(kind.kinds[said["key"]])}

    def named(self, kind: Named | NamedAsPrinted) -> str:
        name = self.chance.choice(kind.table.names)
        return self.chance.choice((name.canonical, *name.synonyms, *name.misspellings, "else"))

    def words(self) -> str:
        return " ".join(self.chance.choice(WORDS) for _ in range(self.chance.randint(1, 4)))

    def identifier(self) -> str:
        self.names += 1
        return f"f{self.names}{self.chance.choice(('', '-x', '-long' * 14))}"

    def reference(self, kind: FactRef) -> str:
        known = self.facts.get(kind.section or "events", [])
        return self.chance.choice(known) if known else "nothing"

    def day(self) -> str:
        return str(date.fromordinal(self.chance.randint(729_000, 735_000)))

    def time(self) -> str:
        day = self.day()
        forms = [day, day[:7], day[:4], f"early {day[:7]}", f"{day[:7]}/2100", f"{day} +/- 3 d"]
        events = self.facts.get("events", [])
        forms += [f"{e} + {self.chance.randint(1, 9)} mo" for e in events] + events
        return self.chance.choice(forms)

    def code(self) -> str:
        return self.chance.choice(("LOINC:24467-3", "HP:0012735", "NCBITaxon:1764", "OTHER:a.1"))

    def number(self) -> float | int:
        return self.chance.choice((1, 7, 0.25, 172, 1.1, 3e-4, round(self.chance.random(), 6)))

    def unit(self, like: str) -> str:
        return self.chance.choice(LIKE.get(like, (like,) if like else UNITS))


def generated(seed: int) -> PatientRecord:
    """Return a record; the same seed gives the same one."""
    maker = Maker(seed)
    tree: dict[str, Any] = {"id": "g", "title": maker.words(), "sources": []}
    for _ in range(maker.chance.randint(1, ITEMS)):
        source = maker.group(SOURCES)
        tree["sources"].append(source)
        maker.sources.append(source["id"])
    person = maker.group(PATIENT)
    if _possible(tree, {"patient": person}):
        tree["patient"] = person
    for section in SECTIONS:
        assert isinstance(section.kind, Listing)
        for _ in range(TRIES):
            item = maker.item(section.key, section.kind.of)
            if _possible(tree, {section.key: [*tree.get(section.key, []), item]}):
                tree.setdefault(section.key, []).append(item)
                maker.facts.setdefault(section.key, []).append(item["id"])
    return build_case(tree, "generated")


def _possible(tree: dict[str, Any], more: dict[str, Any]) -> bool:
    """Return whether something can stand in a case beside what it may refer to."""
    head = {key: tree[key] for key in ("id", "title", "sources", "events") if key in tree}
    try:
        build_case(head | more, "generated")
    except RecordError:
        return False
    return True
