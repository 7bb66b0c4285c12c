"""Scan: everything that one sentence names, each thing with its span, before it is understood."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import final

from lymphocast.interchange.draft.ages import Age, find_ages
from lymphocast.interchange.draft.amounts import Amount, Sort, find_amounts
from lymphocast.interchange.draft.dates import Dated, find_dates
from lymphocast.interchange.draft.durations import Duration, find_durations
from lymphocast.interchange.draft.lexicon import Named, Term, find, lexicon
from lymphocast.interchange.draft.masks import masks
from lymphocast.interchange.draft.mentions import drugs_given, organisms
from lymphocast.interchange.draft.numbers import Number, find_numbers, overlap
from lymphocast.interchange.draft.people import Who, speaks_of_others
from lymphocast.interchange.draft.relations import Relation, relate
from lymphocast.interchange.draft.rhythms import Rhythms, find_rhythms
from lymphocast.interchange.draft.sentences import Sentence

Span = tuple[int, int]


@final
@dataclass
class Scan:
    """One sentence and what it names; ``used`` are the spans that have become a fact.

    Only what speaks of the patient is kept: amounts and lengths of time in a clause about norms,
    groups or relatives are left out.
    """

    text: str
    sentence: Sentence
    who: Who
    ages: tuple[Age, ...]
    dates: tuple[Dated, ...]
    rhythms: Rhythms
    numbers: tuple[Number, ...]
    amounts: tuple[Amount, ...]
    relations: tuple[Relation, ...]
    drugs: tuple[Named, ...]
    analytes: tuple[Named, ...]
    organisms: tuple[Named, ...]
    specimens: tuple[Named, ...]
    used: list[Span] = field(default_factory=list)

    @property
    def start(self) -> int:
        """Where the sentence begins."""
        return self.sentence.start

    @property
    def end(self) -> int:
        """Where the sentence ends."""
        return self.sentence.end

    @property
    def words(self) -> str:
        """The sentence's normal text."""
        return self.text[self.start : self.end]

    def use(self, start: int, end: int) -> None:
        """Mark a span as understood."""
        self.used.append((start, end))

    def is_used(self, start: int, end: int) -> bool:
        """Return whether a part of a span has become a fact."""
        return any(overlap((start, end), span) for span in self.used)

    def doses(self) -> tuple[Amount, ...]:
        """Return the amounts of drugs."""
        return tuple(a for a in self.amounts if a.sort is Sort.DOSE)

    def values(self) -> tuple[Amount, ...]:
        """Return the counts, laboratory values and percentages."""
        return tuple(a for a in self.amounts if a.sort is not Sort.DOSE)


def scan(
    text: str, sentence: Sentence, who: Who, abbreviations: Sequence[Term], *, commas: bool
) -> Scan:
    """Return what one sentence of a normal text names.

    Parameters
    ----------
    text, sentence
        The normal text of a page, and the sentence in it.
    who
        Whom it is about.
    abbreviations
        Drugs under the abbreviations that this page gives them.
    commas
        Whether the page writes decimals with commas.
    """
    start, end = sentence.start, sentence.end
    ages = find_ages(text, start, end)
    dates = find_dates(text, start, end)
    rhythms = find_rhythms(text, start, end)
    masked = [*masks(text, start, end), *_spans(ages), *_spans(dates)]
    drugs = drugs_given(text, start, end, abbreviations)
    numbers = find_numbers(text, start, end, [*masked, *rhythms.spans], commas)
    lengths = find_durations(text, start, end, numbers, [*masked, *rhythms.spans])
    free = tuple(_left(numbers, lengths))
    amounts = find_amounts(text, free)
    return Scan(
        text=text,
        sentence=sentence,
        who=who,
        ages=ages,
        dates=dates,
        rhythms=rhythms,
        numbers=tuple(n for n in free if not any(a.start <= n.start < a.end for a in amounts)),
        amounts=tuple(a for a in amounts if not speaks_of_others(text, start, end, a.start)),
        relations=tuple(
            relate(text, start, end, d, drugs)
            for d in lengths
            if not speaks_of_others(text, start, end, d.start)
        ),
        drugs=drugs,
        analytes=tuple(find(lexicon().analytes, text, start, end)),
        organisms=organisms(text, start, end),
        specimens=tuple(find(lexicon().specimens, text, start, end)),
    )


def _spans(things: Sequence[Age] | Sequence[Dated]) -> Iterator[Span]:
    return ((thing.start, thing.end) for thing in things)


def _left(numbers: Sequence[Number], lengths: Sequence[Duration]) -> Iterator[Number]:
    """Return the numbers that are no part of a length of time."""
    spans = [(d.start, d.end) for d in lengths]
    return (n for n in numbers if not any(overlap((n.start, n.end), s) for s in spans))
