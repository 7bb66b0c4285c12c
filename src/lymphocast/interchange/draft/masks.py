"""Masks: digits that are no fact of a patient: names, references, statistics, figure numbers."""

import re
from collections.abc import Iterator
from typing import Final

_TIME_WORDS: Final = (
    "year|yr|month|mo|week|wk|day|hour|h|hr|minute|min|fold|mg|ug|g|kg|ml|cm|mm|drug|dose|point|"
    "patient|times|to|and|or|cycle|step|log|unit|iu|cell|course|pack|lead|ward"
)
_UNIT_WORDS: Final = _TIME_WORDS.replace("|to|and|or", "")
PATTERNS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"https?://\S+|www\.\S+|(?<!\S)[\w.+-]{1,64}@[\w-]{1,64}(?:\.\w+)+",
        r"\bdoi:?\s?\S+|\b10\.\d{4,9}/\S+",
        r"\b(?:pmid|pmcid|nct|isrctn|eudract|umin)[:\s-]{0,4}[a-z-]{0,20}\d[\w-]*",
        # journal;volume:pages
        r"\b(?:19|20)\d\d\s?;\s?\d+(?:\s?\(\w+\))?(?:\s?:\s?[\w-]+)?",
        r"\[\d{1,3}(?:\s?[,-]\s?\d{1,3})*\]",
        r"\(?\b(?:supplementary )?(?:figs?\.?|figures?|tables?|panels?|refs?\.?|references?)\s?"
        r"\d+\w?(?:\s?(?:,|-|and)\s?\d+\w?)*\)?",
        r"\bp(?:[- ]?values?)?\s?(?:=|<|>|\u2264|\u2265)\s?\d*\.?\d+(?:e-?\d+)?",
        r"\bn\s?=\s?\d+(?:/\d+)?",
        r"\b\d\d\s?%\s?(?:ci|confidence (?:interval|limits?)s?)\b[^;)]{0,40}",
        r"\b(?:odds|hazard|risk|rate) ratios?\W{0,3}(?:of |was )?\d+(?:\.\d+)?|"
        r"\b(?:a?or|hr|rr)\s?[=:]\s?\d+(?:\.\d+)?",
        # numbered names
        (
            r"\b(?:type|grade|stage|phase|class|category|group|version|chromosome|"
            r"exon|intron|codon|"
            r"serotype|genotype|strain|lot|case|patient|subject|sibling|protocol|score|"
            r"gcs|lobe|segment|"
            r"class|criteri\w+|question|number|no\.)s?\s?(?:\d+\w?|i{1,3}\b|iv\b)"
            r"(?:\s?(?:/|-|,|and|to)\s?\d+\w?)*"
        ),
        r"\binterleukin[- ]\d+\w?|\)-\d+\b",
        r"\b[cp]\.\s?[a-z>*()+-]{0,12}\d[\w>*()+-]*|\brs\d+|\bhla-\S+",
        # names with digits in them: CD4, IL-2, HIV-1, GATA2, SARS-CoV-2, HTLV-1/2
        r"(?<![\w.])(?!(?:mm|cm|dm|m|u?l|x|e)\d)(?![a-z]*(?:" + _UNIT_WORDS + r")s?-?\d)"
        r"[a-z]+(?:-[a-z]+)*-?\d[\w+]*"
        r"(?:[-/]\w+)*",
        # 5-fluorocytosine, 1,3-beta-D-glucan
        r"(?<![\w.])\d(?:,\d)*-(?!(?:" + _TIME_WORDS + r")s?\b)[a-z]{3,}[\w-]*",
        r"\b\d{1,2}(?::\d\d)?\s?(?:a\.m\.|p\.m\.|am\b|pm\b)|\b\d\d:\d\d\s?h?\b",
        r"\b\d{1,2}(?:st|nd|rd|th)\b",
        r"\b\d{2,3}-(?:hour|h) (?:urine|collection|holter|monitoring)",
        r"\bno\. ?\d+",
        r"\b(?:one|two|three|1|2|3) of (?:the|his|her|these|them|our|\d+|which|whom)\b",
        r"\bnumber one\b|\bno one\b|\bthis one\b|\bone (?:another|or more|such|side|"
        r"hand|or two|is|can)\b",
    )
)


def masks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Return the spans of a normal text in which digits are no fact."""
    for pattern in PATTERNS:
        for match in pattern.finditer(text, start, end):
            yield match.span()
