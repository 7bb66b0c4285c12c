"""Parts of a dose: its drug, its rhythm, its route and product, found around an amount."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, final

from lymphocast.interchange.draft.amounts import Amount
from lymphocast.interchange.draft.doubts import Doubt, either
from lymphocast.interchange.draft.lexicon import CYTOKINES, Named, find, lexicon
from lymphocast.interchange.draft.relations import Relation
from lymphocast.interchange.draft.rhythms import Rhythm
from lymphocast.interchange.draft.scan import Scan
from lymphocast.interchange.draft.story import Story
from lymphocast.units import Quantity, number_text

MILLION: Final = 1e6
_OF = re.compile(
    r"\s?(?:\w+ly |daily |once daily |twice daily |a day |per day |per week )"
    r"?(?:of |doses? of |(?:\w+ )?(?:injections?|infusions?) of )(?:[\w-]+ )"
    r"{0,3}?$",
    re.I,
)
_DIRECT = re.compile(
    r"\s?(?:(?:oral|intravenous|subcutaneous|daily|recombinant|pegylated|human|liposomal)[ -])*$",
    re.I,
)
NOT_A_DRUG = re.compile(
    r"\s?of (?:packed|blood|red|fluid|fat|water|weight|sputum|pus|stool|ascit\w+)", re.I
)
_DOSE_WORDS = re.compile(
    r"\b(?:dos(?:e|es|age|ing)|daily|weekly|titrat\w+|escalat\w+|increas\w+|"
    r"reduc\w+|maintenance|per day|injections?)\b",
    re.I,
)
_WEEK: Final = 7.0
_TOUCHING: Final = 3  # characters between a dose and the rhythm that is its own
_NEAR: Final = 12  # characters between a dose and "one week apart"
_THEN = re.compile(r"\b(?:followed by|then|thereafter|afterwards|subsequently)\b", re.I)
_APART = re.compile(r" apart\b", re.I)


@final
@dataclass(frozen=True)
class Dose:
    """A dose before it is placed in time."""

    amount: Amount
    drug: str
    total: float
    per: float
    divided: int
    single: bool
    start: int
    end: int
    note: str = ""


def drug_of(scan: Scan, story: Story, amount: Amount, before: int, after: int) -> str | None:
    """Return the drug of an amount: the one after "of", the one beside it, the last one before."""
    drugs = [d for d in scan.drugs if not d.term.is_class]
    right = [d for d in drugs if amount.end <= d.start < after]
    left = [d for d in drugs if d.end <= amount.start]
    if right and _OF.fullmatch(scan.text[amount.end : right[0].start]):
        return right[0].name
    beside = bool(left) and amount.start - left[-1].end < 3
    if right and not beside and _DIRECT.fullmatch(scan.text[amount.end : right[0].start]):
        return right[0].name
    if left:
        return left[-1].name
    known = story.main_drug if amount.unit.endswith("U]") or "U]" in amount.unit else story.drug
    if "U]" in amount.unit and known not in CYTOKINES:
        known = next((d for d in reversed(story.started) if d in CYTOKINES), known)
    if known in CYTOKINES and "U]" in amount.unit:
        return known
    if known is not None and _DOSE_WORDS.search(scan.words):
        return known
    return right[0].name if right else None


def rhythm_of(
    scan: Scan, doses: Sequence[Amount], i: int, before: int, after: int
) -> tuple[Rhythm | None, str]:
    """Return how often a dose was given, and what was decided to read it."""
    amount = doses[i]
    if amount.shared and i + 1 < len(doses):
        upto = doses[i + 2].start if i + 2 < len(doses) else scan.end
        return rhythm_of(scan, doses, i + 1, amount.end, upto)
    often = scan.rhythms.often
    follows = [r for r in often if amount.end <= r.start and r.end <= after]
    drug_next = next((d.start for d in scan.drugs if d.start > amount.end + 40), scan.end)
    follows = [r for r in follows if r.start < max(drug_next, amount.end + 60)]
    if follows:
        daily = follows[0]
        weekly = next((r for r in follows[1:] if _on_some_days(daily.per, r)), None)
        if weekly is None or amount.per is not None:
            return weekly or daily, ""
        return replace(weekly, times=weekly.times * daily.times), ""
    if amount.per is not None:
        return None, ""
    precedes = [r for r in often if before <= r.start and r.end <= amount.start]
    if precedes:
        return precedes[-1], ""
    counted = _apart(scan, amount) or _spaced(scan, amount, after)
    return (counted, "") if counted is not None else _of_a_later_dose(scan, doses, i)


def _apart(scan: Scan, amount: Amount) -> Rhythm | None:
    """Return the rhythm of doses "one week apart"."""
    for relation in scan.relations:
        near = 0 <= relation.start - amount.end < _NEAR
        if near and _APART.match(scan.text, relation.duration.end):
            scan.use(relation.start, relation.end)
            days = Quantity(*_parts(relation)).to("d").value
            return Rhythm(relation.start, relation.duration.end, days)
    return None


def _of_a_later_dose(scan: Scan, doses: Sequence[Amount], i: int) -> tuple[Rhythm | None, str]:
    """Return the rhythm that is printed once, behind a later dose of the list."""
    for later in range(i + 1, len(doses)):
        if _THEN.search(scan.text, doses[i].end, doses[later].start):
            return None, ""
        found = _next_rhythm(scan, doses, later)
        if found is not None and found.times > 1 and found.start - doses[later].end < _TOUCHING:
            return None, ""  # "A 450 mg and B 500 mg twice daily": twice daily may be B's alone
        if found is not None:
            return found, "the rhythm is printed once, after the last of the list"
        per = doses[later].per
        if per is not None:
            return Rhythm(doses[i].start, doses[i].end, per), "the rhythm is that of the next dose"
    return None, ""


def _spaced(scan: Scan, amount: Amount, after: int) -> Rhythm | None:
    """Return the rhythm of "10 ug/kg on days 0, 7 and 14": equal steps, counted in one unit."""
    for relation in scan.relations:
        length = relation.duration
        steps = {round(b - a, 9) for a, b in pairwise(length.values)}
        if length.numbered and len(steps) == 1 and amount.end <= relation.start < after:
            scan.use(relation.start, relation.end)
            days = Quantity(steps.pop(), length.unit).to("d").value
            return Rhythm(relation.start, relation.end, days)
    return None


def _parts(relation: Relation) -> tuple[float, str]:
    value, unit = relation.duration.texts[0].split(" ")
    return float(value), unit


def _next_rhythm(scan: Scan, doses: Sequence[Amount], i: int) -> Rhythm | None:
    after = doses[i + 1].start if i + 1 < len(doses) else scan.end
    return next((r for r in scan.rhythms.often if doses[i].end <= r.start and r.end <= after), None)


def _doubt(amount: Amount, rhythm: Rhythm | None) -> Doubt | None:
    """Return what must be asked of a dose, or nothing."""
    if amount.combined:
        return Doubt("how much of which drug of the combination?")
    if amount.high is not None:
        return Doubt("which dose of the range?")
    if amount.sign or amount.value <= 0:
        return Doubt("which dose?")
    if amount.other is not None:
        return either("", number_text(amount.value), number_text(amount.other))
    if rhythm is not None and rhythm.asks is not None:
        return rhythm.asks
    return Doubt("how often?") if rhythm is None and amount.per is None else None


def dose_of(
    scan: Scan, amount: Amount, drug: str, rhythm: Rhythm | None, upto: int, note: str
) -> Dose | Doubt:
    """Return a dose, or the question that it raises.

    Parameters
    ----------
    scan, amount, drug
        The sentence, the amount in it and its drug.
    rhythm
        How often, if anything but the unit says so.
    upto
        Where the next dose begins.
    note
        What was decided to find the rhythm.
    """
    doubt = _doubt(amount, rhythm)
    if doubt is not None:
        return doubt
    divided = next((d for d in scan.rhythms.divided if amount.end <= d.start < upto), None)
    parts = [p for p in (rhythm, divided) if p is not None]
    start = min(amount.start, *(p.start for p in parts if p.end <= amount.start), amount.start)
    end = max(amount.end, *(p.end for p in parts if p.start >= amount.end), amount.end)
    per, times = _per_and_times(amount, rhythm)
    total, number = amount.value, times
    if divided is not None:
        number = divided.doses
    elif amount.per is None or amount.per < per:
        total = amount.value * times
    if total >= MILLION and amount.unit in ("[IU]", "[arb'U]"):
        amount, total = replace(amount, unit=f"M{amount.unit}"), total / MILLION
    single = rhythm is not None and rhythm.single
    return Dose(amount, drug, float(f"{total:.12g}"), per, number, single, start, end, note)


def _per_and_times(amount: Amount, rhythm: Rhythm | None) -> tuple[float, int]:
    """Return the period in days, and the doses in it."""
    if amount.per is None or _on_some_days(amount.per, rhythm):
        return (rhythm.per, rhythm.times) if rhythm is not None else (1.0, 1)
    return amount.per, rhythm.times if rhythm is not None and rhythm.per == amount.per else 1


def _on_some_days(per: float, rhythm: Rhythm | None) -> bool:
    """Return whether a daily dose is given on some days of the week: "3 MIU/day, 5 days a week"."""
    return rhythm is not None and per == 1.0 and rhythm.per == _WEEK and rhythm.times > 1


def described(scan: Scan, dose: Dose) -> dict[str, object]:
    """Return the route, the product and the misprinted name that the sentence gives."""
    keys: dict[str, object] = {}
    mine = [d for d in scan.drugs if d.name == dose.drug]
    near = mine[0] if mine else None
    low = min(dose.start, near.start if near else dose.start) - 60
    span = (max(scan.start, low), min(scan.end, dose.end + 60))
    if near is not None:
        products = find(lexicon().products, scan.text, max(scan.start, near.start - 60), near.end)
        if products and dose.drug in (*CYTOKINES, "amphotericin B"):
            keys["product"] = " ".join(dict.fromkeys(p.name for p in products))
    routes = find(lexicon().routes, scan.text, *span)
    others = {d.name for d in scan.drugs if span[0] <= d.start < span[1]} - {dose.drug}
    names = {r.name for r in routes}
    if len(names) == 1 and (not others or _beside(routes, dose, near)):
        keys["route"] = names.pop()
    return keys


def _beside(routes: Sequence[Named], dose: Dose, near: Named | None) -> bool:
    """Return whether a route stands right at the dose or the drug."""
    edges = (dose.start, dose.end, *((near.start, near.end) if near else ()))
    return any(min(abs(r.start - e), abs(r.end - e)) < 12 for r in routes for e in edges)
