"""Mentions: the drugs that are given (not measured, not resisted) and the organisms of a text."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lymphocast.interchange.draft.lexicon import Named, Term, find, lexicon
from lymphocast.interchange.draft.spelling import misspelt_drugs, misspelt_genera

_NOT_AFTER = re.compile(
    r"-?r\b|r\u03b1|(?:\s?\([^()]{1,8}\))?[- ](?:receptors?|production|secretion|"
    r"levels?|antibod\w+|auto-?antibod\w+|"
    r"release|pathway|genes?|deficien\w+|responses?|concentrations?|mrna|assay|"
    r"expression|synthesis|"
    r"axis|signal\w*|producing|resistan\w+|susceptib\w+|neutrali[sz]\w+|"
    r"hypersensitivity|allergy|intolerance|"
    r"mics?)\b|(?: treatment| therapy)? (?:was|were|had been) (?:considered|declined|refused|"
    r"offered|proposed|discussed|planned|not |never )",
    re.IGNORECASE,
)
_NOT_BEFORE = re.compile(
    r"(?:\banti-? ?|\bsoluble |\bserum |\bplasma |resistan\w+ (?:to|against)"
    r" (?:\w+,? (?:and )?)?|susceptib\w+ to |"
    r"sensitiv\w+ to |allerg\w+ to |\bagainst |\bmics? (?:of|for|to) |"
    r"\blevels of |antibod\w+ (?:to|against) |"
    r"\bdeclined |\brefused |\babsence of |\black of |\bwithout |endogenous |"
    r"production of |refractory to |"
    r"(?:neither|nor|no|not) (?:been )?(?:given|received|receiving|treated with|taking) )$",
    re.IGNORECASE,
)
DISEASE: Final = re.compile(
    r"\s?(?:\([^()]*\) ?)?(?:(?:pulmonary|lung|disseminated|cutaneous|chronic|"
    r"systemic|lymph node|brain|bone marrow|skin) ){0,3}(?:infections?|disease|"
    r"meningitis|pneumonia|meningoencephalitis|lymphadenitis|osteomyelitis|"
    r"bacteremia|abscess|encephalitis)\b",
    re.I,
)
"""What stands behind an organism where the two name a disease: M. avium lung disease."""
_DEFINED = re.compile(r"\s?\(([A-Z][A-Za-z]{1,5})\)")
_OTHER_PART: Final = re.compile(r"(?:il-?\d+|ifn|hiv|cd\d+|icl|mac|mai|tb|csf)$", re.IGNORECASE)


def drugs_given(
    text: str, start: int, end: int, abbreviations: Sequence[Term]
) -> tuple[Named, ...]:
    """Return the drugs in a part of a normal text that a person is given, in order."""
    found = find((*lexicon().drugs, *abbreviations), text, start, end)
    found += misspelt_drugs(text, start, end, found)
    given = [d for d in found if _given(text, start, d)]
    return tuple(sorted(given, key=lambda d: d.start))


def _given(text: str, start: int, drug: Named) -> bool:
    before = text[max(start, drug.start - 50) : drug.start]
    return not _NOT_AFTER.match(text, drug.end) and not _NOT_BEFORE.search(before)


def abbreviations(text: str) -> tuple[Term, ...]:
    """Return the drugs under the abbreviations that a page gives them: clarithromycin (CLR)."""
    return tuple(_abbreviated(text))


def _abbreviated(text: str) -> Iterator[Term]:
    found = find(lexicon().drugs, text)
    for drug in (*found, *misspelt_drugs(text, 0, len(text), found)):
        match = _DEFINED.match(text, drug.end)
        if match is not None and not _OTHER_PART.fullmatch(match[1]):
            yield Term(drug.name, re.compile(rf"(?<!\w){re.escape(match[1])}(?!\w)"))
    interferons = {d.name for d in found if d.name.startswith("interferon-")}
    if len(interferons) == 1:
        yield Term(interferons.pop(), re.compile(r"(?<![\w-])(?:interferon|IFN)(?![\w-])", re.I))


def organisms(text: str, start: int, end: int) -> tuple[Named, ...]:
    """Return the organisms in a part of a normal text, a misspelt genus included, in order."""
    found = find(lexicon().organisms, text, start, end)
    for begin, stop, genus in misspelt_genera(text, start, end):
        # The species decides; the right genus, put in its place, makes the name readable.
        tail = text[stop : min(end, stop + 40)]
        named = find(lexicon().organisms, genus + tail)
        if named and named[0].start == 0:
            length = named[0].end - len(genus)
            found = [o for o in found if o.start >= stop + length or o.end <= begin]
            found.append(Named(begin, stop + length, named[0].term))
    return tuple(sorted(found, key=lambda o: o.start))
