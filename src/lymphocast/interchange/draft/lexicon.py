"""The words of case reports, from ``lexicon.yaml``: drugs, analytes, organisms, symptoms."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, final

import yaml

CYTOKINES: Final = frozenset(
    {"interleukin-2", "interleukin-7", "interleukin-12", "interleukin-15", "interferon-gamma"}
)
ADJUNCTS: Final = frozenset(
    {
        "levothyroxine",
        "vitamin D",
        "aspirin",
        "paracetamol",
        "ibuprofen",
        "leucovorin",
        "pyridoxine",
        "omeprazole",
        "immunoglobulin",
        "trimethoprim-sulfamethoxazole",
    }
)
"""Drugs that support another treatment: "therapy" without a name is not theirs."""
ANCESTRIES: Final = (
    "African[- ]American|African|Asian|Black|Caucasian|Chinese|Hispanic|Indian|Iranian|Italian|"
    "Japanese|Korean|Latin[oa]|Mexican|Taiwanese|Thai|Turkish|White|Brazilian|French|German|"
    "Danish|Dutch|Spanish|Portuguese|Moroccan|Ethiopian|Nigerian|Pakistani|Vietnamese|Filipino|"
    "Swedish|Norwegian|Finnish|Swiss|Austrian|Belgian|Polish|Greek|British|Irish|Scottish|Russian|"
    "Ukrainian|Romanian|Hungarian|Czech|Australian|Canadian|Arab|Egyptian|Saudi|Tunisian|Algerian|"
    "Kenyan|Ghanaian|Somali|Eritrean|Malaysian|Indonesian|Sri Lankan|Bangladeshi|Nepalese|Burmese|"
    "Cambodian|Laotian|Mongolian|Colombian|Peruvian|Chilean|Argentinian|Cuban|Haitian|Puerto Rican|"
    "Native American|European"
)
_ACUTE = str.maketrans(
    {
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
        "\N{THIN SPACE}": " ",
        "\N{HYPHEN}": "-",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MINUS SIGN}": "-",
        "\N{MICRO SIGN}": "u",
        "\N{GREEK SMALL LETTER MU}": "u",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{MIDDLE DOT}": ".",
        "\N{BULLET OPERATOR}": ".",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{MODIFIER LETTER PRIME}": "'",
        "\n": " ",
        "\t": " ",
        "\r": " ",
        **{
            sup: str(n)
            for n, sup in enumerate("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
        },
        **{
            sub: str(n)
            for n, sub in enumerate("\u2080\u2081\u2082\u2083\u2084\u2085\u2086\u2087\u2088\u2089")
        },
        "\N{SUPERSCRIPT PLUS SIGN}": "+",
        "\N{FULLWIDTH PLUS SIGN}": "+",
        "\N{DIVISION SLASH}": "/",
        "\N{FRACTION SLASH}": "/",
        "\N{SQUARE MU L}": "l",
    }
)


def normal(text: str) -> str:
    """Return a text of the same length with one form of each dash, blank, digit and micro sign."""
    return text.translate(_ACUTE)


@final
@dataclass(frozen=True)
class Term:
    """A canonical name and one pattern for all its printed forms."""

    name: str
    pattern: re.Pattern[str]
    counted: bool = False
    is_class: bool = False


@final
@dataclass(frozen=True)
class Named:
    """A term where it stands in a text."""

    start: int
    end: int
    term: Term

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.term.name


@final
@dataclass(frozen=True)
class Lexicon:
    """All tables; an earlier term wins over a later one at the same place."""

    drugs: tuple[Term, ...]
    long_drugs: tuple[str, ...]
    products: tuple[Term, ...]
    routes: tuple[Term, ...]
    analytes: tuple[Term, ...]
    organisms: tuple[Term, ...]
    genera: tuple[str, ...]
    specimens: tuple[Term, ...]
    symptoms: re.Pattern[str]


@cache
def lexicon() -> Lexicon:
    """Return the tables that the package ships."""
    file = resources.files("lymphocast.interchange.draft") / "lexicon.yaml"
    data: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    parts: Mapping[str, str] = data["parts"]
    plain = tuple(data["plain_drugs"].split())
    species = (
        _term(f"{genus} {name}", [rf"(?:{genus}|{genus[0]}\.) ?{name}"])
        for genus, names in data["species"].items()
        for name in names.split()
    )
    return Lexicon(
        drugs=(*_terms(data["drugs"], parts), *(_term(name, [name]) for name in plain)),
        long_drugs=tuple(name for name in plain if len(name) > 8),
        products=_terms(data["products"], parts),
        routes=_terms(data["routes"], parts),
        analytes=_terms(data["analytes"], parts),
        organisms=(*_terms(data["organisms"], parts), *species),
        genera=tuple(data["species"]),
        specimens=_terms(data["specimens"], parts),
        symptoms=_term("symptom", data["symptoms"].split()).pattern,
    )


def find(terms: Sequence[Term], text: str, start: int = 0, end: int | None = None) -> list[Named]:
    """Return the terms that a normal text names, none inside another, in order."""
    found = [
        Named(*match.span(), term)
        for term in terms
        for match in term.pattern.finditer(text, start, len(text) if end is None else end)
    ]
    found.sort(key=lambda named: named.start - named.end)  # the longest; then the table's order
    kept: list[Named] = []
    for named in found:
        if all(named.end <= other.start or other.end <= named.start for other in kept):
            kept.append(named)
    return sorted(kept, key=lambda named: named.start)


def _terms(rows: Sequence[Mapping[str, Any]], parts: Mapping[str, str]) -> tuple[Term, ...]:
    return tuple(_rows(rows, parts))


def _rows(rows: Sequence[Mapping[str, Any]], parts: Mapping[str, str]) -> Iterator[Term]:
    for row in rows:
        patterns = [_filled(str(p), parts) for p in row["patterns"]]
        found = _term(row["name"], patterns)
        yield Term(
            found.name, found.pattern, bool(row.get("counted")), is_class=bool(row.get("class"))
        )


def _filled(pattern: str, parts: Mapping[str, str]) -> str:
    for name, part in parts.items():
        pattern = pattern.replace(f"{{{name}}}", part)
    return pattern


def _term(name: str, patterns: Sequence[str]) -> Term:
    either = "|".join(patterns)
    return Term(name, re.compile(rf"(?<![\w])(?:{either})(?![\w])", re.IGNORECASE))
