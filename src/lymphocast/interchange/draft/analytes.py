"""Analytes: what each count or laboratory value of a sentence is a value of."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from lymphocast.interchange.draft.amounts import Amount, Sort
from lymphocast.interchange.draft.doubts import Doubt, either
from lymphocast.interchange.draft.lexicon import Named, Term, lexicon
from lymphocast.interchange.draft.numbers import Number
from lymphocast.interchange.draft.people import speaks_of_others
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Story
from lymphocast.units import Quantity, number_text

PLAUSIBLE: Final = {
    "CD4": (1.0, 5000.0),
    "CD8": (1.0, 10_000.0),
    "leukocytes": (100.0, 500_000.0),
    "lymphocytes": (5.0, 500_000.0),
    "neutrophils": (20.0, 200_000.0),
}
"""Counts per uL outside of which a printed unit is asked about: a judgement."""
_AFTER = re.compile(r"\s?(?:\)?\s?)(?:of |for )?(?:the )?(?:were |was )?$", re.I)
_THE_COUNT = re.compile(
    r"^(?:counts?|values) |\b(?:follow-up|subsequent|repeat|further|later|serial) "
    r"(?:counts?|values?|levels?) |\b(?:the|his|her|this|cell|these|absolute) (?:\w+ )"
    r"?(?:counts?|levels?|values?|cells)\b",
    re.I,
)
_TO_NUMBER = re.compile(
    (
        r"\s?(?:\((?:[a-z0-9+ -]{1,30})\))?\s?,?\s?(?:(?:cell |lymphocyte )"
        r"?(?:counts?|levels?|value|ratio|number))?\s?(?:[(\[]\s?)?"
        r"(?:(?:of|was|were|is|:|=|,|at|to|from|being|had|has|remained|rose|risen|fallen|climbed|grown|increased|"
        r"fell|dropped|decreased|declined|improved|recovered|"
        r"reached|peaked|returned|still|only|just|about|around|approximately|"
        r"as low as|low|(?:then|again|further|gradually|steadily|initially|"
        r"subsequently))\s?){0,5}[<>~]?\s?$"
    ),
    re.I,
)
_UNIT_ONE: Final = frozenset({"CD4/CD8 ratio"})
_CHANGE_OF_WEIGHT = re.compile(
    r"\bweight (?:loss|gain)\b|\b(?:lost|gained) (?:about |over |approximately )"
    r"?$|\b(?:lost|gained)\b",
    re.I,
)
_BY = re.compile(
    r"\b(?:decreas|increas|rose|risen|fell|fallen|drop|declin|reduc|gain|climb)"
    r"\w*\b[^.;,]{0,20}\bby (?:about |approximately |a mean of |only )?$",
    re.I,
)
_OF_CELLS = re.compile(
    r"\s?(?:\)\s?)?(?:of|from|among) (?:the |all |total |peripheral |blood )"
    r"*(?P<what>t[- ]?(?:cells|lymphocytes)|cd3\S*|lymphocytes)",
    re.I,
)
_CSF_ANALYTES: Final = frozenset({"leukocytes", "lymphocytes", "neutrophils", "glucose", "protein"})
_ALONE: Final = {
    "Cel": "temperature",
    "[degF]": "temperature",
    "mm/h": "erythrocyte sedimentation rate",
    "kg/m2": "body mass index",
    "kg": "body weight",
}
_TOUCHING: Final = 3  # characters between a value and the brackets behind it
_SIZES: Final = frozenset({"cm", "mm"})
"""Units of lengths: sizes of lesions, which case files do not hold, unless an analyte has them."""


@final
@dataclass(frozen=True)
class Value:
    """A value with its analyte, before it is placed in time."""

    amount: Amount
    analyte: str
    asks: Doubt | None = None
    note: str = ""


def values_of(scan: Scan, story: Story) -> list[Value]:
    """Return the values of a sentence, each with its analyte or the question that it raises."""
    free = (a for a in scan.values() if not scan.is_used(a.start, a.end) and not _normal(scan, a))
    amounts = sorted((*free, *_bare(scan, story)), key=lambda a: a.start)
    return list(_with_analytes(scan, story, amounts))


def _with_analytes(scan: Scan, story: Story, amounts: Sequence[Amount]) -> Iterator[Value]:
    paired = _respectively(scan, amounts)
    counted: Term | None = None
    for amount in amounts:
        quoted = scan.text[amount.start : amount.end]
        change = _change(scan, amount)
        term = amount.term or paired.get(amount.start) or _analyte(scan, amount)
        if restates_a_count(scan, amount) and counted is not None:
            term = counted
        elif amount.sort is Sort.COUNT:
            counted = term
        name = _specific(scan, story, term, amount) if term is not None else ""
        carried = "" if name else _carried(scan, story, amount)
        note = "the analyte is that of the sentence before" if carried else ""
        if change:
            yield Value(amount, change)
        elif name or carried:
            doubt = _doubt(amount, name or carried, quoted)
            yield Value(amount, name or carried, doubt, note)
        elif amount.sort is not Sort.PERCENT and amount.unit not in _SIZES:
            yield Value(amount, "", Doubt(f"'{quoted}': a value of what?"))


def _normal(scan: Scan, amount: Amount) -> bool:
    """Return whether a range in brackets right behind a value is the normal range."""
    before = scan.text[max(scan.start, amount.start - _TOUCHING) : amount.start]
    behind = any(0 <= amount.start - a.end <= _TOUCHING for a in scan.values())
    return amount.high is not None and behind and before.rstrip().endswith(("(", "["))


def restates_a_count(scan: Scan, amount: Amount) -> bool:
    """Return whether a percentage in parentheses restates the count before it: "310/uL (18%)"."""
    before = scan.text[max(scan.start, amount.start - _TOUCHING) : amount.start]
    counts = (a for a in scan.values() if a.sort is Sort.COUNT and a.end <= amount.start)
    return (
        amount.sort is Sort.PERCENT
        and before.rstrip().endswith("(")
        and any(amount.start - a.end <= _TOUCHING for a in counts)
    )


def _change(scan: Scan, amount: Amount) -> str:
    """Return what an amount is the change of: weight that was lost, a count that fell by it."""
    around = scan.text[max(scan.start, amount.start - 24) : amount.end + 24]
    weight = _CHANGE_OF_WEIGHT.search(around) if amount.unit in ("kg", "%") else None
    if weight is not None:
        lost = "loss" in weight[0].lower() or "lost" in weight[0].lower()
        return "weight loss" if lost else "weight gain"
    if not _BY.search(scan.text[max(scan.start, amount.start - 40) : amount.start]):
        return ""
    named = amount.term or _analyte(scan, amount)
    return f"{named.name} change" if named is not None else "change"


def _analyte(scan: Scan, amount: Amount) -> Term | None:
    """Return the analyte beside an amount: right after it, else the nearest before it."""
    fitting = [
        a
        for a in scan.analytes
        if _fits(a.term, amount) and _measured(scan, a, amount) and not _whole(scan, a)
    ]
    for named in fitting:
        if amount.sort is Sort.PERCENT and scan.text[amount.end :].lstrip(" )").startswith("of "):
            break
        if 0 <= named.start - amount.end < 16 and _AFTER.fullmatch(
            scan.text[amount.end : named.start]
        ):
            return named.term
    before = [a for a in fitting if a.end <= amount.start]
    if before and (amount.sort is not Sort.PERCENT or amount.start - before[-1].end < 60):
        return before[-1].term
    return None


_TO_ITS_VALUE = re.compile(
    r"\s?(?:\(|of |to |at |with |: ?|[<>] ?|only |as low as |maximum |max\.? |peak |nadir |lowest |"
    r"highest |up to )*"
)


def _whole(scan: Scan, named: Named) -> bool:
    """Return whether an analyte is only what a percentage is of: "10% of total lymphocytes"."""
    lead = scan.text[max(scan.start, named.start - 24) : named.start]
    return re.search(r"% (?:of|among) (?:\w+ ){0,2}$", lead) is not None


def _measured(scan: Scan, named: Named, amount: Amount) -> bool:
    """Return whether a word such as "lymphopenia" is what an amount gives the value of."""
    word = scan.text[named.start : named.end].lower()
    if not word.endswith(("penia", "cytosis", "philia")) or word.startswith("cd4"):
        return True
    gap = scan.text[named.end : amount.start]
    return _TO_ITS_VALUE.fullmatch(gap) is not None


def _fits(term: Term, amount: Amount) -> bool:
    """Return whether an analyte can have a value of this sort."""
    if amount.sort is Sort.COUNT:
        return term.counted
    if amount.sort is Sort.PERCENT:
        return term.counted or term.name in (
            "FEV1",
            "forced vital capacity",
            "oxygen saturation",
            "haemoglobin",
        )
    expected = _ALONE.get(amount.unit)
    if expected is not None:
        return term.name == expected
    return not term.counted and term.name not in _ALONE.values() and term.name not in _UNIT_ONE


def _respectively(scan: Scan, amounts: Sequence[Amount]) -> dict[int, Term]:
    """Pair "CD4 and CD8 counts were 120 and 300 cells/uL" in their order."""
    found: dict[int, Term] = {}
    run: list[Amount] = []
    for amount in (*amounts, None):
        if amount is not None and (not run or _same_list(scan, run[-1], amount)):
            run.append(amount)
            continue
        if len(run) > 1:
            names = _listed(scan, run[0])
            if len(names) == len(run):
                found |= {a.start: n.term for a, n in zip(run, names, strict=True)}
        run = [amount] if amount is not None else []
    return found


def _same_list(scan: Scan, one: Amount, two: Amount) -> bool:
    gap = scan.text[one.end : two.start]
    return one.sort is two.sort and re.fullmatch(r"\s?(?:,|and|, and|&|/)\s?", gap) is not None


def _listed(scan: Scan, amount: Amount) -> list[Named]:
    """Return the analytes that are listed before an amount, all different."""
    before = [a for a in scan.analytes if a.end <= amount.start and _fits(a.term, amount)]
    names: list[Named] = []
    for named in reversed(before):
        gap = scan.text[named.end : names[0].start] if names else ""
        if names and not re.fullmatch(r"[\s,]*(?:and|/|,)[\s,]*(?:absolute )?", gap):
            break
        names.insert(0, named)
    return names if len({n.name for n in names}) == len(names) else []


def _specific(scan: Scan, story: Story, term: Term, amount: Amount) -> str:
    """Return the analyte's name with its specimen or denominator where the text gives it."""
    if term.name == "HIV RNA" and "HIV" not in scan.words:
        # "The viral load" is that of the virus last measured.
        return next(
            (m for m in reversed(story.measured) if m.endswith((" DNA", " RNA"))), term.name
        )
    if term.name in _CSF_ANALYTES and any(
        s.name == "cerebrospinal fluid" and s.end <= amount.start for s in scan.specimens
    ):
        return f"CSF {term.name}"
    if amount.sort is Sort.PERCENT and term.name == "CD4":
        match = _OF_CELLS.match(scan.text, amount.end)
        if match is not None:
            return (
                "CD4 of lymphocytes" if match["what"].lower() == "lymphocytes" else "CD4 of T cells"
            )
    return term.name


def _doubt(amount: Amount, analyte: str, quoted: str) -> Doubt | None:
    """Return what must be asked of a value, or nothing."""
    if amount.sort is Sort.PERCENT and analyte == "CD4":
        lead = f"CD4 {number_text(amount.value)} %: "
        return either(lead, "of T cells", "of all lymphocytes")
    if amount.other is not None:
        readings = (number_text(amount.value), number_text(amount.other))
        return either(f"{analyte} '{quoted}': ", *readings)
    low, high = PLAUSIBLE.get(analyte, (0.0, float("inf")))
    if amount.sort is Sort.COUNT and amount.known and amount.unit != "1" and not amount.sign:
        value = Quantity(amount.value, amount.unit).to("/uL").value
        if not low <= value <= high:
            return Doubt(f"{analyte} '{quoted}' is {value:g} /uL: is the unit right?")
    return None


def _carried(scan: Scan, story: Story, amount: Amount) -> str:
    """Return the analyte that "the count" means, or the one that a unit alone tells."""
    if amount.unit in _ALONE:
        return _ALONE[amount.unit] if amount.unit != "kg" else ""
    lead = scan.text[scan.start : amount.start]
    if not _THE_COUNT.search(lead) or amount.sort is not Sort.COUNT:
        return ""
    counted = {t.name for t in lexicon().analytes if t.counted}
    known = [m for m in story.measured if m in counted]
    return known[-1] if known else story.spoken or ""


def _bare(scan: Scan, story: Story) -> Iterator[Amount]:
    """Return numbers without a unit that stand right behind a counted analyte."""
    for number in scan.numbers:
        named = [a for a in scan.analytes if a.end <= number.start]
        if (
            number.word
            or not named
            or speaks_of_others(scan.text, scan.start, scan.end, number.start)
        ):
            continue
        term = named[-1].term
        counted = term.counted or term.name in _UNIT_ONE
        if not counted or not _leads(scan, named[-1], number):
            continue
        unit = "1" if term.name in _UNIT_ONE else story.units.get(term.name, "")
        yield Amount(
            number.start, number.end, number.value, unit, Sort.COUNT, other=number.other, term=term
        )


def _leads(scan: Scan, named: Named, number: Number) -> bool:
    """Return whether nothing but a verb stands between an analyte and a number or a list."""
    gap = scan.text[named.end : number.start]
    for other in scan.numbers:
        if named.end <= other.start < number.start:
            gap = gap.replace(scan.text[other.start : other.end], "", 1)
    bare = re.sub(r"(?:and|to|,|before|after|treatment|therapy)\s?", "", gap)
    return len(gap) < 70 and (_TO_NUMBER.fullmatch(gap) or _TO_NUMBER.fullmatch(bare)) is not None
