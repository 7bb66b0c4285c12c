"""Strategies for records, as plain trees of case files that ``build_case`` accepts.

``records`` makes records of every sort; ``packet_records`` only what a Phenopacket can hold. Both
are small: a few facts of each section.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from lymphocast.record.analytes import KNOWN
from lymphocast.record.casefile import build_case
from lymphocast.record.names import DRUGS, ORGANISMS, SPECIMENS, TERMS, NameTable
from lymphocast.record.patient import PatientRecord
from lymphocast.units import number_text

Tree = dict[str, Any]
PACKET = "phenopacket"
FIRST, LAST = date(1995, 1, 1), date(2024, 12, 31)

words = (
    st.text("abcdefghijklmnopqrstuvwxyzäéßµ0123456789 ()-.,:%/+'", min_size=1, max_size=16)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
days = st.dates(FIRST, LAST)
numbers = st.floats(0.01, 1e6).map(lambda x: float(f"{x:.6g}"))
new_codes = st.lists(st.from_regex(r"SNOMEDCT:[1-9][0-9]{2,6}", fullmatch=True), max_size=1)
known_drugs = st.sampled_from([name.canonical for name in DRUGS])
known_terms = st.sampled_from([name.canonical for name in TERMS])


def names_in(table: NameTable) -> st.SearchStrategy[str]:
    """Return canonical names of a table."""
    return st.sampled_from([name.canonical for name in table])


@st.composite
def spans(draw: st.DrawFn) -> str:
    """Return a time that stands on the calendar."""
    day = draw(days)
    later = day + timedelta(days=draw(st.integers(0, 200)))
    forms = [f"{day}", f"{day:%Y-%m}", f"{day:%Y}", f"mid {day:%Y-%m}", f"{day}/{later}"]
    return draw(st.sampled_from(forms))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a value, or none."""
    return st.none() | strategy


@st.composite
def measurements(draw: st.DrawFn) -> Tree:
    """Return a measurement, with no provenance yet."""
    # A word alone could be the synonym of an analyte in another unit.
    analyte = draw(st.sampled_from(sorted(KNOWN)) | words.map("level of {}".format))
    unit = KNOWN[analyte].unit if analyte in KNOWN else draw(st.sampled_from(["mg/L", "1", "%"]))
    low = draw(numbers)
    high = {"high": f"{number_text(2 * low)} {unit}"}
    both = {"low": f"{number_text(low)} {unit}", **high}
    return {
        "analyte": analyte,
        "value": f"{number_text(draw(numbers))} {unit}",
        "at": draw(spans()),
        "normal": draw(st.sampled_from([None, high, both])),
        "context": draw(st.sampled_from([None, {"note": "fasting"}])),
        "specimen": draw(maybe(names_in(SPECIMENS))),
        "codes": draw(new_codes) or None,
    }


@st.composite
def administrations(draw: st.DrawFn) -> Tree:
    """Return a stretch of treatment, with no provenance yet."""
    start, unit = draw(days), draw(st.sampled_from(["mg", "M[IU]", "[IU]/m2"]))
    cycle = {"days": "5 d", "every": "56 d"}
    return {
        "drug": draw(known_drugs | words),
        "amount": f"{number_text(draw(numbers))} {unit}",
        "per": f"{draw(st.sampled_from(['1', '2', '7', '21', '10.5']))} d",
        "divided": draw(st.integers(1, 5)),
        "cycle": draw(st.sampled_from([None, None, cycle])),
        "route": draw(maybe(st.sampled_from(["subcutaneous", "oral", "by pump"]))),
        "start": str(start),
        "stop": str(start + timedelta(days=draw(st.integers(0, 900)))),
        "codes": draw(new_codes) or None,
    }


@st.composite
def cultures(draw: st.DrawFn) -> Tree:
    """Return a culture, with no provenance yet."""
    mic = {"drug": draw(known_drugs), "value": f"{number_text(draw(numbers))} mg/L"}
    return {
        "specimen": draw(names_in(SPECIMENS)),
        "organism": draw(names_in(ORGANISMS)),
        "result": draw(st.sampled_from(["positive", "negative", "contaminated"])),
        "at": draw(spans()),
        "mics": draw(st.sampled_from([None, [mic]])),
    }


@st.composite
def named(draw: st.DrawFn) -> Tree:
    """Return words with a term, perhaps coded, or words alone."""
    if draw(st.booleans()):
        # Words alone are no term of the table, which would name them.
        return {"what": f"on the whole {draw(words)}"}
    return {
        "what": draw(words),
        "term": draw(known_terms | words),
        "codes": draw(new_codes) or None,
    }


def _symptoms() -> st.SearchStrategy[Tree]:
    grades = ["present", "worse", "minimal-improvement", "improving", "resolved", "asymptomatic"]
    own = st.fixed_dictionaries({"grade": st.sampled_from(grades), "at": spans()})
    return st.tuples(named(), own).map(lambda pair: pair[0] | pair[1])


def _findings() -> st.SearchStrategy[Tree]:
    presence = st.sampled_from(["present", "absent"])
    own = st.fixed_dictionaries({"presence": presence, "at": maybe(spans())})
    return st.tuples(named(), own).map(lambda pair: pair[0] | pair[1])


def _adverse() -> st.SearchStrategy[Tree]:
    own = st.fixed_dictionaries(
        {"at": spans(), "until": maybe(spans()), "grade": maybe(st.integers(1, 5))}
    )
    return st.tuples(named(), own).map(lambda pair: pair[0] | pair[1])


def _workup() -> st.SearchStrategy[Tree]:
    return st.fixed_dictionaries(
        {
            "what": words,
            "status": st.sampled_from(["positive", "negative"]),
            "at": maybe(spans()),
        }
    )


_SECTIONS: dict[str, Callable[[], st.SearchStrategy[Tree]]] = {
    "administrations": administrations,
    "measurements": measurements,
    "cultures": cultures,
    "symptoms": _symptoms,
    "adverse_events": _adverse,
    "findings": _findings,
    "workup": _workup,
}
_FURTHER: dict[str, st.SearchStrategy[Tree]] = {
    "measurements": st.fixed_dictionaries(
        {"reading_error": st.just(2.0), "limit": st.sampled_from([None, "below", "above"])}
    ),
    "findings": st.fixed_dictionaries(
        {"presence": st.sampled_from([None, "uncertain", "present"])}
    ),
    "workup": st.fixed_dictionaries({"status": st.sampled_from(["not-stated", "negative"])}),
    "cultures": st.fixed_dictionaries(
        {"number": st.just(2), "smear": maybe(words), "species": st.just("Mycobacterium avium")}
    ),
}
"""What facts of any record say beyond what a Phenopacket can hold."""
WITH_EVIDENCE = ("symptoms", "adverse_events", "findings")
"""Sections whose facts may have sources of their own in a Phenopacket."""
_DISEASES = {"idiopathic CD4 lymphopenia", "mycobacterial lung disease", "opportunistic infection"}
"""Terms that are written as diseases, which have neither words of their own nor evidence."""


@st.composite
def packet_records(draw: st.DrawFn) -> PatientRecord:
    """Return a record of what a Phenopacket can hold."""
    tree = _case(draw)
    itself = [{"source": PACKET, "locator": "-", "method": "stated"}]
    stated = {"source": "paper", "locator": "page 2", "method": "stated"}
    for section in _SECTIONS:
        for fact in tree[section]:
            fact["provenance"] = itself
            if section in WITH_EVIDENCE and draw(st.booleans()):
                fact["provenance"] = [stated]
            if fact.get("term") in _DISEASES:
                fact |= {"what": fact["term"], "provenance": itself}
    if tree["patient"]:
        tree["patient"]["provenance"] = [{**itself[0], "locator": "subject"}]
    _suspect(draw, tree)
    return build_case(tree, "generated")


@st.composite
def records(draw: st.DrawFn) -> PatientRecord:
    """Return a record of any sort: anchors, limits, unknowns, derived facts, uncertain ones."""
    tree = _case(draw)
    tree["title"] = draw(words)
    derived = {"source": "paper", "locator": "p", "method": "derived", "note": draw(words)}
    read_off = {"source": "paper", "locator": "Fig. 1", "method": "read-off-figure"}
    for section in _SECTIONS:
        for fact in tree[section]:
            fact["provenance"] = draw(st.sampled_from([[derived], [read_off, derived]]))
    for section, changes in _FURTHER.items():
        for fact in tree[section]:
            fact |= draw(changes)
    tree["events"] = [
        {"id": "begin", "what": draw(words), "at": draw(spans()), "provenance": [derived]}
    ]
    for section in ("measurements", "symptoms", "adverse_events"):
        for fact in tree[section]:
            fact["at"] = draw(st.sampled_from([fact["at"], "begin", "begin + 3 mo"]))
            fact.pop("until", None)
    return build_case(tree, "generated")


def _case(draw: st.DrawFn) -> Tree:
    """Return a case without provenance."""
    tree: Tree = {
        "id": draw(st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)),
        "sources": [
            {"id": "paper", "citation": draw(words), "pmid": draw(maybe(st.just("19438596")))},
            {"id": "chart", "citation": draw(words), "doi": draw(maybe(st.just("10.1/a-b")))},
        ],
        "patient": _patient(draw),
    }
    tree["title"] = f"Phenopacket {tree['id']}"
    tree["sources"].insert(0, {"id": PACKET, "citation": tree["title"]})
    for section, facts in _SECTIONS.items():
        tree[section] = draw(st.lists(facts(), max_size=3))
        for number, fact in enumerate(tree[section]):
            fact["id"] = f"{section.replace('_', '-')}-of-{number}"
    return tree


def _patient(draw: st.DrawFn) -> Tree:
    """Return what is known of the person."""
    stated = {
        "age": draw(maybe(st.sampled_from(["39 a", "18 mo", "7.25 a"]))),
        "sex": draw(maybe(st.sampled_from(["male", "female", "other"]))),
        "born": draw(maybe(days.map(str))),
        "weight": draw(maybe(st.just("71.5 kg"))),
        "body_surface": draw(maybe(st.just("1.9 m2"))),
    }
    return {key: value for key, value in stated.items() if value is not None}


def _suspect(draw: st.DrawFn, tree: Tree) -> None:
    """Put a drug that was given under suspicion; each adverse event is of another sort."""
    given = list(dict.fromkeys(fact["drug"] for fact in tree["administrations"]))
    for number, event in enumerate(tree["adverse_events"]):
        event |= {"term": f"reaction {number}", "codes": None}
        if given and draw(st.booleans()):
            event["suspects"] = [draw(st.sampled_from(given))]
