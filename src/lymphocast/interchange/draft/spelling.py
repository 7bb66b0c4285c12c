"""Spelling: long names of drugs and organisms are found when at most two letters are wrong."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lymphocast.interchange.draft.lexicon import Named, lexicon

WRONG: Final = 2
"""Letters that may be wrong in a word of at least nine; one in a shorter one. "Clathromycin" for
clarithromycin lacks two."""
SHORT: Final = 9
_WORD = re.compile(r"[A-Za-z]{8,24}")


def misspelt_drugs(text: str, start: int, end: int, known: Sequence[Named]) -> Iterator[Named]:
    """Return words that are the name of a drug but for a letter or two."""
    taken = [(n.start, n.end) for n in known]
    terms = {term.name: term for term in lexicon().drugs}
    for match in _WORD.finditer(text, start, end):
        if any(a < match.end() and match.start() < b for a, b in taken):
            continue
        name = nearest(match[0].lower(), lexicon().long_drugs)
        if name is not None:
            yield Named(*match.span(), terms[name])


def misspelt_genera(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Return words that are the name of a genus but for a letter or two, with the right name."""
    genera = {genus.lower(): genus for genus in lexicon().genera}
    for match in _WORD.finditer(text, start, end):
        word = match[0].lower()
        if word in genera:
            continue
        name = nearest(word, tuple(genera))
        if name is not None and match[0][0].isupper():
            yield (*match.span(), genera[name])


def nearest(word: str, names: Sequence[str]) -> str | None:
    """Return the one name that a word misspells; ``None`` if none or several are as near."""
    if word in names:
        return word
    best, found = WRONG + 1, None
    for name in names:
        if name[0] != word[0] or abs(len(name) - len(word)) > WRONG or name + "s" == word:
            continue
        wrong = distance(word, name)
        if wrong < best:
            best, found = wrong, name
        elif wrong == best:
            found = None
    allowed = WRONG if len(word) >= SHORT else 1
    return found if best <= allowed else None


def distance(one: str, two: str) -> int:
    """Return how many letters must be put in, left out or replaced (Levenshtein 1966)."""
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(two, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]
