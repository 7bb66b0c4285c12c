"""De-identification of a record: dates moved by a secret, free text and names taken away.

What is done:

- Every calendar date moves by one number of days, which the secret and the record's identifier
  give (HMAC-SHA256): 1 to 52 weeks into the past, so that intervals and days of the week stay.
  Times that hang on a fact stay as they are, and so does every study day. A month or a year becomes
  the interval of its days, moved.
- Ages above 89 years become 90; the date of birth is taken away.
- Identifiers become neutral ones; names that no table knows become ``drug 1`` and the like, places
  in a source ``place 1``.
- Free text is taken away, or says ``removed`` where a fact must have one; what a known term says
  stays. Who corrected a fact, and when, is taken away, and so are citations unless they are kept.

The HIPAA Safe Harbor rule (45 CFR 164.514(b)(2)) allows no part of a date but the year: moved dates
are no Safe Harbor. They are what data warehouses do under an expert's determination (b)(1), such as
REDCap and the HERON repository of the University of Kansas, which move dates up to a year back.
Ages above 89 are pooled as (b)(2)(i)(C) says. Whoever knows the exact interval between two events,
or that an interval was once a calendar month or year, can find the shift: a rare patient may be
known by his course alone. An expert must judge what is given away.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from lymphocast.criteria.ctcae import clinical_term
from lymphocast.criteria.icl import EXCLUSIONS
from lymphocast.criteria.ntm_diagnosis import EXCLUDED
from lymphocast.errors import UsageError
from lymphocast.record.analytes import ANALYTES
from lymphocast.record.casefile import build_case, case_tree
from lymphocast.record.fields import Field, Group, Listing, Reasons
from lymphocast.record.kinds import (
    Day,
    FactRef,
    Identifier,
    JsonObject,
    Kind,
    Named,
    NamedAsPrinted,
    Pattern,
    SourceRef,
    Text,
    Time,
)
from lymphocast.record.misread import Misread
from lymphocast.record.names import DRUGS, ORGANISMS, PRODUCTS, SPECIMENS, TERMS, NameTable
from lymphocast.record.parts import Saying
from lymphocast.record.patient import PatientRecord
from lymphocast.record.schema import CASE
from lymphocast.record.when import moved
from lymphocast.units import parse_quantity

REMOVED: Final = "removed"
TITLE: Final = "A de-identified record"
MOST_WEEKS = 52
"""Dates move by at most so many weeks: a year back, as REDCap and HERON do (module docstring)."""
OLDEST = 89.0
"""Years of age above which ages are pooled: 45 CFR 164.514(b)(2)(i)(C)."""
SECRET_BYTES = 32
"""Shortest secret: as long as the hash (RFC 2104, section 3)."""
SYSTEMS = frozenset(
    {"LOINC", "RXNORM", "ATC", "NCBITaxon", "HP", "SNOMEDCT", "ICD10", "ICD10CM", "MEDDRA", "MONDO"}
)
"""Public systems of codes; a code of another system may be a number of one hospital."""
ROUTES = frozenset(
    {"subcutaneous", "intravenous", "intramuscular", "oral", "inhaled", "inhalation", "nebulised"}
)
"""Words for a route that say nothing else."""
KNOWN_WORKUP = frozenset({*EXCLUSIONS, *EXCLUDED})
"""Work-up that criteria know by its identifier, which therefore stays."""
_KINDS_OF_NAME: Final = (
    (DRUGS, "drug"),
    (ORGANISMS, "organism"),
    (SPECIMENS, "specimen"),
    (ANALYTES, "analyte"),
    (PRODUCTS, "product"),
    (TERMS, "term"),
)
_CALENDAR = re.compile(r"(?:(?:early|mid|late) )?[0-9]{4}(?:-[0-9]{2})?", re.ASCII)
_NEEDED_NOTES = frozenset({"derived", "assumed"})


@final
@dataclass(frozen=True)
class Change:
    """What was done to one value; never the value itself."""

    where: str
    done: str

    def __str__(self) -> str:
        """Return the line of an account."""
        return f"{self.where}: {self.done}"


@final
@dataclass(frozen=True)
class Deidentified:
    """A record without what identifies its patient, and every change, by its new identifiers."""

    record: PatientRecord
    changes: tuple[Change, ...]


def deidentify(record: PatientRecord, secret: bytes, *, keep_sources: bool = False) -> Deidentified:
    """Return a record without what identifies its patient.

    Parameters
    ----------
    secret
        At least 32 bytes that nobody else knows; the same secret moves a record's dates alike.
    keep_sources
        Whether citations stay: a published case is identified by its citation.

    Raises
    ------
    UsageError
        If the secret is too short, or a date would leave the calendar.
    """
    if len(secret) < SECRET_BYTES:
        message = f"a secret of {len(secret)} bytes; needed at least {SECRET_BYTES}"
        raise UsageError(message)
    cleaning = _Cleaning(record, secret, keep_sources=keep_sources)
    try:
        tree = cleaning.case()
    except Misread as error:
        message = f"record '{record.id}' cannot be moved in time: {error}"
        raise UsageError(message) from None
    return Deidentified(build_case(tree, "the de-identified record"), tuple(cleaning.changes))


def shift_of(record: PatientRecord, secret: bytes) -> int:
    """Return the days by which a record's dates move: below 0, whole weeks."""
    number = int.from_bytes(_keyed(secret, f"shift:{record.id}")[:8])
    return -7 * (1 + number % MOST_WEEKS)


def _keyed(secret: bytes, text: str) -> bytes:
    return hmac.new(secret, text.encode("utf-8"), hashlib.sha256).digest()


@final
class _Cleaning:
    """One record on its way: its names, its shift, and the account."""

    def __init__(self, record: PatientRecord, secret: bytes, *, keep_sources: bool) -> None:
        self.tree = case_tree(record)
        self.days = shift_of(record, secret)
        self.keep_sources = keep_sources
        self.changes: list[Change] = []
        self.case_id = f"case-{_keyed(secret, f'id:{record.id}').hex()[:8]}"
        self.ids = dict(self._new_ids())
        self.unknown: dict[tuple[str, str], str] = {}
        self.telling = 0

    def _new_ids(self) -> list[tuple[str, str]]:
        """Return the neutral identifier of every fact."""
        pairs = []
        for section, value in self.tree.items():
            facts = value if isinstance(value, list) else ()
            stem = section.removesuffix("s").replace("_", "-")
            for number, fact in enumerate(facts, 1):
                kept = section == "workup" and fact["id"] in KNOWN_WORKUP
                pairs.append((fact["id"], fact["id"] if kept else f"{stem}-{number}"))
        return pairs

    def case(self) -> JsonObject:
        """Return the tree without what identifies the patient."""
        cleaned: dict[str, object] = {}
        for f in CASE.fields:
            value = self.tree.get(f.key)
            if f.key == "id":
                cleaned["id"] = self.case_id
                self.tell("id", "replaced")
            elif f.key == "title":
                cleaned["title"] = TITLE
                self.tell("title", "replaced")
            elif isinstance(f.kind, Listing) and isinstance(value, list):
                cleaned[f.key] = [self.fact(f, item) for item in value]
            elif isinstance(f.kind, Group) and isinstance(value, Mapping):
                cleaned[f.key] = self.group(f.kind, value, f.key)
        if self.telling:
            done = (
                f"{self.telling} of a month or a year are now intervals of its days: who guesses "
                "what they were finds the shift"
            )
            self.tell("dates", done)
        return cleaned

    def tell(self, where: str, done: str) -> None:
        """Note a change."""
        self.changes.append(Change(where, done))

    def fact(self, section: Field, fact: JsonObject) -> JsonObject:
        """Return one fact."""
        assert isinstance(section.kind, Listing)  # noqa: S101  (sections are lists)
        assert isinstance(section.kind.of, Group)  # noqa: S101  (of mappings)
        path = f"{section.key}[{self.ids[str(fact['id'])]}]"
        if section.key == "sources" and self.keep_sources:
            self.tell(f"{path}.note", "free text removed")
            return {
                **{k: v for k, v in fact.items() if k != "note"},
                "id": self.ids[str(fact["id"])],
            }
        return self.group(section.kind.of, fact, path)

    def group(self, group: Group, row: JsonObject, path: str) -> JsonObject:
        """Return a mapping, without the keys of which nothing may stay."""
        cleaned: dict[str, object] = {}
        for f in group.fields:
            if f.short or f.key not in row:
                continue
            value = self.value(f, row[f.key], row, f"{path}.{f.key}")
            if value is not None:
                cleaned[f.key] = value
        return cleaned

    def value(self, f: Field, value: object, row: JsonObject, path: str) -> object:
        """Return what may stay of one key; ``None`` for nothing."""
        own = self.by_name(f, value, path)
        if own is not NotImplemented:
            return own
        kind = f.kind
        if isinstance(kind, Listing) and isinstance(value, Sequence):
            return self.items(f, kind, value, path)
        if isinstance(kind, Group) and isinstance(value, Mapping):
            return self.group(kind, value, path) or None
        if isinstance(kind, Reasons) and isinstance(value, Mapping):
            self.tell(path, "free text removed")
            return dict.fromkeys(value, REMOVED)
        if isinstance(kind, Text):
            return self.text(f, str(value), row, path)
        return self.scalar(f, kind, value, path)

    def by_name(self, f: Field, value: object, path: str) -> object:
        """Return what becomes of keys that are known by name; ``NotImplemented`` for others."""
        if f.key == "corrections" or path == "patient.born":
            self.tell(path, "removed")
            return None
        if path == "patient.age" and parse_quantity(str(value)).to("a").value > OLDEST:
            self.tell(path, "pooled as 90 years")
            return f"{OLDEST + 1:g} a"
        if f.key == "at" and isinstance(f.kind, Text):  # a mark of a figure's time axis
            self.tell(path, "moved in time")
            return moved(str(value), self.days, self.ids)
        return NotImplemented

    def items(self, f: Field, kind: Listing, values: Sequence[object], path: str) -> object:
        """Return what may stay of a list."""
        kept: list[object] = []
        for number, item in enumerate(values):
            where = f"{path}[{number}]"
            if isinstance(kind.of, Saying) and isinstance(item, Mapping):
                new = self.saying(kind.of, item, where)
            elif isinstance(kind.of, Group) and isinstance(item, Mapping):
                new = self.group(kind.of, item, where)
            else:
                new = self.value(Field(f.key, kind.of, f.meaning, False), item, {}, where)
            if new is not None:
                kept.append(new)
        return kept or None

    def saying(self, kind: Saying, item: JsonObject, path: str) -> object:
        """Return what another source says, unless it says it in free text."""
        key = str(item["key"])
        said = self.value(
            Field(key, kind.kinds[key], "", required=False), item["says"], {}, f"{path}.says"
        )
        if said is None:
            return None
        return {**self.group(kind.group, item, path), "key": key, "says": said}

    def text(self, f: Field, text: str, row: JsonObject, path: str) -> object:
        """Return what may stay of a free text."""
        if f.key == "route" and text.casefold() in ROUTES:
            return text
        if f.key == "locator":
            self.tell(path, "a place replaced")
            return self.neutral("place", text)
        known = self.known_words(f, text, row)
        if known is not None:
            if known != text:
                self.tell(path, "free text replaced by a known term")
            return known
        noted = f.key == "note" and str(row.get("method")) in _NEEDED_NOTES
        if f.required or noted or (f.key == "titration_note" and "titrated_to" in row):
            if f.key != "says":
                self.tell(path, "free text removed")
            return REMOVED
        self.tell(path, "free text removed")
        return None

    def known_words(self, f: Field, text: str, row: JsonObject) -> str | None:
        """Return the words for what a fact is that come from a table, not from a person."""
        if f.key != "what":
            return None
        if row.get("id") in KNOWN_WORKUP and "status" in row:
            return str(row["id"]).replace("-", " ")
        for words in (str(row.get("term", "")), text):
            name, grade = TERMS.find(words), clinical_term(words)
            if name is not None or grade is not None:
                return name.canonical if name is not None else grade.term if grade else words
        return None

    def scalar(self, f: Field, kind: Kind, value: object, path: str) -> object:
        """Return what may stay of one word, number or time."""
        if isinstance(kind, Time | Day):
            return self.time(str(value), path)
        if isinstance(kind, Identifier | FactRef | SourceRef):
            self.tell(path, "replaced")
            return self.ids[str(value)]
        if isinstance(kind, Named | NamedAsPrinted):
            return self.name(kind.table, str(value), path)
        if isinstance(kind, Pattern) and ":" in str(value) and f.key == "codes":
            if str(value).partition(":")[0] in SYSTEMS:
                return value
            self.tell(path, "a code of no public system removed")
            return None
        return value

    def time(self, text: str, path: str) -> str:
        """Return a time moved."""
        new = moved(text, self.days, self.ids)
        self.telling += _CALENDAR.fullmatch(text) is not None
        if new != text:
            self.tell(path, "moved in time" if new[0].isdecimal() else "anchor replaced")
        return new

    def name(self, table: NameTable, text: str, path: str) -> str:
        """Return a name that a table knows, or a neutral one."""
        known = table.find(text)
        if known is not None:
            return known.canonical
        sort = next(word for names, word in _KINDS_OF_NAME if names is table)
        self.tell(path, "an unknown name replaced")
        return self.neutral(sort, text)

    def neutral(self, sort: str, text: str) -> str:
        """Return the name that stands for a text everywhere in this record."""
        number = sum(1 for kind, _ in self.unknown if kind == sort) + 1
        return self.unknown.setdefault((sort, text), f"{sort} {number}")
