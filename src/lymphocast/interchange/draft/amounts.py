"""Amounts: a number with its unit, and what the unit says: a count, a laboratory value, a dose.

Numbers that share one unit are read together: ``596 and 378 cells/mm(3)``, ``from 85 to 210 /uL``,
``25-50 ug``. A unit is translated to the code of case files where their table has one; where it has
none the printed unit is kept, and the fact stands in words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, final

from lymphocast.interchange.draft.lexicon import Term, lexicon
from lymphocast.interchange.draft.numbers import Number
from lymphocast.units import UNITS, number_text


@final
class Sort(StrEnum):
    """What a unit says of its number."""

    COUNT = "count"
    LABORATORY = "laboratory"
    PERCENT = "percent"
    DOSE = "dose"


@final
@dataclass(frozen=True)
class Amount:
    """A number with its unit, where they stand.

    Parameters
    ----------
    start, end
        The span of number and unit.
    value, unit
        As a case file writes them; ``known`` says whether its table has the unit.
    sort
        What the unit says of the number.
    per
        Days of the period in the unit itself (``mg/day``); ``None`` if it has none.
    sign
        ``<`` or ``>`` for a bound, else nothing.
    high
        The upper end of a range.
    other
        The value in the other reading of a grouping mark.
    term
        The analyte inside the unit: ``87 CD4+ T cells/uL``.
    shared
        Whether the unit stands at a later number of the same list.
    combined
        Whether it is the dose of a combination: ``160/800 mg``.
    """

    start: int
    end: int
    value: float
    unit: str
    sort: Sort
    per: float | None = None
    sign: str = ""
    high: float | None = None
    other: float | None = None
    term: Term | None = None
    shared: bool = False
    combined: bool = False

    @property
    def known(self) -> bool:
        """Whether case files have this unit."""
        return self.unit in UNITS

    @property
    def text(self) -> str:
        """The amount as a case file writes it."""
        upper = f"-{number_text(self.high)}" if self.high is not None else ""
        return f"{self.sign}{number_text(self.value)}{upper} {self.unit}"


_VOLUMES: Final = (
    (r"(?:mm\s?\(\s?3\s?\)|mm\s?\^\s?3|mm\s?3|cu\.? ?mm|cmm|cubic milli-?met(?:er|re)s?)", "uL"),
    (r"(?:u\s?l|mcl|micro-?lit(?:er|re)s?)", "uL"),
    (r"nl", "nL"),
    (r"(?:ml|milli-?lit(?:er|re)s?)", "mL"),
    (r"(?:l|lit(?:er|re)s?)", "L"),
    (r"mm(?=[\s,.;)]|$)", "uL"),  # a raised 3 that was lost
)
_VOLUME = "|".join(rf"(?P<v{i}>{pattern})" for i, (pattern, _) in enumerate(_VOLUMES))
_PER_VOLUME = re.compile(
    rf"\s?(?:x\s?)?(?P<kilo>k|thousand )?(?P<what>[a-z0-9+()/ -]{{0,48}}?)\s?(?:/|"
    rf"\bper )\s?(?:{_VOLUME})(?!\w)",
    re.IGNORECASE,
)
_GIGA = re.compile(r"\s?(?:G|Gpt)\s?/\s?[Ll](?!\w)")
_CELL_WORDS = re.compile(r"(?:cells?|lymphocytes|t[- ]cells?|white cells?)?", re.IGNORECASE)

_LABORATORY: Final = (
    ("mg/dL", r"mg\s?/\s?dl|mg per dl"),
    ("g/dL", r"g\s?/\s?dl|g per dl|gm\s?/\s?dl"),
    ("mg/L", r"mg\s?/\s?l"),
    ("g/L", r"g\s?/\s?l"),
    ("ug/mL", r"(?:ug|mcg|micrograms?)\s?(?:/|per )\s?ml"),
    ("mg/mL", r"mg\s?/\s?ml"),
    ("ng/mL", r"ng\s?/\s?ml"),
    ("pg/mL", r"pg\s?/\s?ml"),
    ("ug/L", r"(?:ug|mcg)\s?/\s?l"),
    ("ug/dL", r"(?:ug|mcg)\s?/\s?dl"),
    ("mmol/L", r"mmol\s?/\s?l"),
    ("umol/L", r"(?:umol|micromol)\s?/\s?l"),
    ("nmol/L", r"nmol\s?/\s?l"),
    ("[IU]/L", r"iu\s?/\s?l"),
    ("U/L", r"u\s?/\s?l"),
    ("[IU]/mL", r"iu\s?/\s?ml"),
    ("U/mL", r"u\s?/\s?ml"),
    ("ukat/L", r"(?:u|micro)kat\s?/\s?l"),
    ("m[IU]/L", r"m(?:iu|u)\s?/\s?l|u(?:iu|u)\s?/\s?ml"),
    ("mm/h", r"mm\s?(?:/|per |in the )\s?(?:1(?:st)? ?)?(?:first )?h(?:ou)?r?"),
    ("log copies/mL", r"log(?:10)? (?:copies|iu)(?:\s?(?:/|per )\s?ml)?"),
    ("copies/mL", r"copies\s?(?:/|per )\s?(?:ml|milli-?lit(?:er|re))"),
    ("[CFU]/mL", r"(?:cfu|colony[- ]forming units)\s?(?:/|per )\s?ml"),
    ("Cel", r"(?:\u00b0|\u00ba|degrees?)\s?c(?:elsius|entigrade)?"),
    ("[degF]", r"(?:\u00b0|\u00ba|degrees?)\s?f(?:ahrenheit)?"),
    ("mm[Hg]", r"mm\s?hg"),
    ("cm H2O", r"cm\s?(?:of )?\(?(?:h2o|water)\)?"),
    ("mm H2O", r"mm\s?(?:of )?\(?(?:h2o|water)\)?"),
    ("/min", r"(?:beats?|breaths?)\s?(?:/|per )\s?min(?:ute)?|bpm"),
    ("ms", r"ms(?:ec)?|milliseconds?"),
    ("kg/m2", r"kg\s?/\s?m\s?\(?2\)?"),
    ("kg", r"kg|kilograms?"),
    ("cm", r"cm|centimet(?:er|re)s?"),
    ("mm", r"mm|millimet(?:er|re)s?"),
)
_LAB_UNITS: Final = tuple(
    (code, re.compile(rf"\s?-?(?:{pattern})(?![\w/])", re.IGNORECASE))
    for code, pattern in _LABORATORY
)
_PERCENT = re.compile(r"\s?(?:%|per ?cent\b)")

_MASSES: Final = (
    ("mg", r"mgs?|milligrams?"),
    ("ug", r"ug|mcg|micrograms?|mu g"),
    ("ng", r"ng|nanograms?"),
    ("g", r"g|gm|grams?"),
    ("mL", r"ml|millilit(?:er|re)s?"),
    ("M[IU]", r"miu|m\.i\.u\.|mega ?international units?|mega-?iu"),
    ("k[IU]", r"kiu"),
    ("[IU]", r"iu|i\.u\.|international units?"),
    ("M[arb'U]", r"mu(?! g)|mega ?units?"),
    ("[arb'U]", r"u|units?|jru|japan(?:ese)? reference units?"),
)
_MASS = "|".join(rf"(?P<d{i}>{pattern})" for i, (_, pattern) in enumerate(_MASSES))
_BODY = (
    r"(?:\s?(?:/|per )\s?(?P<body>kg|kilogram|m\s?\(?\^?2\)?|sq(?:uare)"
    r"?\.? ?met(?:er|re)s?)(?: of)?(?: body[- ](?:weight|surface(?:[- ]area)?))?)?"
)
_PERIODS: Final = (
    (r"(?:days?|d|24 ?h(?:ours?)?)", 1.0),
    (r"(?:weeks?|wk|w)", 7.0),
    (r"(?:months?|mo)", 30.4375),
    (r"(?:h|hr|hours?)", 1.0 / 24.0),
    (r"(?:fortnight)", 14.0),
)
_PERIOD = "|".join(rf"(?P<p{i}>{pattern})" for i, (pattern, _) in enumerate(_PERIODS))
_DOSE = re.compile(
    rf"[\s-]?(?:{_MASS}){_BODY}(?:\s?(?:/|\bper |\ba |\beach )\s?(?:{_PERIOD})(?![\w]))?(?![\w])",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"\s?(?:,? ?(?:and|or|then|then to|and then(?: to)?|but)|,|to|-|--|versus|"
    r"vs\.?|/|\+/-|followed by)\s?"
    r"(?:only |again to |approximately |about |a peak of |a nadir of |to |at )?",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\([^()]*\)")
_RANGE = re.compile(r"\s?(?:-|to)\s?")
_SIGN = re.compile(
    r"(?:(?P<below><|\u2264|less than|below|under|lower than|fewer than|up to|not exceeding)"
    r"|(?P<never>(?:never|not) exceed\w*|(?:never|not) above)|(?P<above>>|\u2265|"
    r"more than|above|greater than|over|at least|exceed\w*|higher than))\s?$",
    re.IGNORECASE,
)
_CHANGE = re.compile(r"\bfrom\s?(?:[<>~]\s?|about |approximately )?$", re.IGNORECASE)


def find_amounts(text: str, numbers: Sequence[Number]) -> tuple[Amount, ...]:
    """Return the numbers of a sentence that have a unit, in order.

    Parameters
    ----------
    text
        The normal text of the whole page.
    numbers
        The free numbers of one sentence, in order.
    """
    found: dict[int, Amount] = {}
    skip: set[int] = set()
    for i in reversed(range(len(numbers))):
        if i in skip:
            continue
        amount = _with_unit(text, numbers[i])
        after = _outside_brackets(text, numbers, i)
        if amount is None and after in found:
            amount = _sharing(text, numbers[i], numbers[after], found[after])
        if amount is not None:
            found[i] = _signed(text, amount)
            joined = _joined(text, numbers, i, found)
            if joined is not None:
                found[i] = joined
                del found[i + 1]
    return tuple(found[i] for i in sorted(found))


def _joined(
    text: str, numbers: Sequence[Number], i: int, found: dict[int, Amount]
) -> Amount | None:
    """Return a range, if this number and the next are its ends: 25-50 ug, not "from 25 to 50"."""
    low, high = found[i], found.get(i + 1)
    if high is None or not low.shared or high.high is not None:
        return None
    between = text[numbers[i].end : numbers[i + 1].start]
    if between.strip() == "/" and high.sort is Sort.DOSE:
        return replace(low, end=high.end, shared=False, combined=True)
    spanned = _RANGE.fullmatch(between) or (
        between.strip() == "and" and text[: low.start].rstrip().lower().endswith("between")
    )
    if not spanned or low.value >= high.value:
        return None
    if _CHANGE.search(text, 0, low.start) or _CHANGE.search(text[: low.start][-20:]):
        return None
    return replace(low, end=high.end, high=high.value, shared=False)


def _outside_brackets(text: str, numbers: Sequence[Number], i: int) -> int:
    """Return the next number that stands in no brackets opened after this one."""
    j = i + 1
    while j < len(numbers):
        gap = _BRACKETED.sub("", text[numbers[i].end : numbers[j].start])
        if "(" not in gap:
            break
        j += 1
    return j


def _sharing(text: str, number: Number, after: Number, amount: Amount) -> Amount | None:
    """Return a number that takes its unit from the next one of its list."""
    gap = _BRACKETED.sub("", text[number.end : after.start])
    term = next((t for t in lexicon().analytes if t.counted and t.pattern.match(gap.strip())), None)
    if term is not None and amount.sort is Sort.COUNT:
        gap = term.pattern.sub("", gap.strip(), count=1)
    if _BETWEEN.fullmatch(gap) is None:
        return None
    value = number.value / after.value * amount.value if number.exponent else number.value
    if not number.exponent and after.mantissa == amount.value:
        value = number.mantissa
    return replace(
        amount,
        start=number.start,
        end=number.end,
        value=value,
        other=number.other,
        high=None,
        sign="",
        term=term,
        shared=True,
    )


def _signed(text: str, amount: Amount) -> Amount:
    match = _SIGN.search(text[max(0, amount.start - 28) : amount.start])
    if match is None:
        return amount
    return replace(amount, sign="<" if match["below"] or match["never"] else ">")


def _with_unit(text: str, number: Number) -> Amount | None:
    readers = (_giga, _laboratory, _count, _dose)
    return next((found for found in (read(text, number) for read in readers) if found), None)


def _giga(text: str, number: Number) -> Amount | None:
    match = _GIGA.match(text, number.end)
    return _amount(number, match.end(), number.value, "10*9/L", Sort.COUNT) if match else None


def _laboratory(text: str, number: Number) -> Amount | None:
    match = _PERCENT.match(text, number.end)
    if match is not None:
        return _amount(number, match.end(), number.value, "%", Sort.PERCENT)
    for code, pattern in _LAB_UNITS:
        match = pattern.match(text, number.end)
        if match is not None:
            return _amount(number, match.end(), number.value, code, Sort.LABORATORY)
    return None


def _count(text: str, number: Number) -> Amount | None:
    match = _PER_VOLUME.match(text, number.end)
    if match is None:
        return None
    term = _counted(match["what"].strip())
    if term is None and _CELL_WORDS.fullmatch(match["what"].strip()) is None:
        return None
    volume = next(code for i, (_, code) in enumerate(_VOLUMES) if match[f"v{i}"])
    exponent = 3 if match["kilo"] else number.exponent
    value, unit = _powered(number, exponent, volume)
    found = _amount(number, match.end(), value, unit, Sort.COUNT)
    return replace(found, term=term)


def _powered(number: Number, exponent: int, volume: str) -> tuple[float, str]:
    """Return value and unit with the power of ten inside the unit, if there is such a unit."""
    if volume == "nL":
        return number.value, "10*3/uL"
    unit = f"10*{exponent}/{volume}"
    if exponent and unit in UNITS:
        return number.mantissa, unit
    return number.mantissa * 10.0**exponent if exponent else number.value, f"/{volume}"


def _counted(words: str) -> Term | None:
    """Return the analyte that the words before ``/uL`` name, if they name nothing else."""
    for term in lexicon().analytes:
        match = term.pattern.match(words)
        if (
            term.counted
            and match is not None
            and _CELL_WORDS.fullmatch(words[match.end() :].strip())
        ):
            return term
    return None


def _dose(text: str, number: Number) -> Amount | None:
    match = _DOSE.match(text, number.end)
    if match is None:
        return None
    unit = next(code for i, (code, _) in enumerate(_MASSES) if match[f"d{i}"])
    value = number.value
    if unit in ("[IU]", "[arb'U]") and value >= 1e6:
        value, unit = float(f"{value / 1e6:.12g}"), f"M{unit}"
    if match["body"]:
        unit = f"{unit}/{'m2' if match['body'].lower()[0] in 'ms' else 'kg'}"
    per = next((days for i, (_, days) in enumerate(_PERIODS) if match[f"p{i}"]), None)
    return replace(_amount(number, match.end(), value, unit, Sort.DOSE), per=per)


def _amount(number: Number, end: int, value: float, unit: str, sort: Sort) -> Amount:
    return Amount(number.start, end, value, unit, sort, other=number.other)
