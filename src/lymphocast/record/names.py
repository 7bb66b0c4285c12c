"""Names of drugs, organisms, specimens and findings: one canonical name for every printed one.

Codes are compact identifiers, ``SYSTEM:code``: ``RXNORM`` (ingredients), ``ATC``, ``NCBITaxon``,
``HP`` (Human Phenotype Ontology). A code that is not certain is left out; a name without
a code is as good as one with.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import final


@final
@dataclass(frozen=True)
class Name:
    """A canonical name, its accepted synonyms, misspellings that occur in print, and codes."""

    canonical: str
    synonyms: tuple[str, ...] = ()
    misspellings: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


@final
@dataclass(frozen=True, eq=False)
class NameTable:
    """Names that can be looked up by any way of printing them."""

    names: tuple[Name, ...]

    def __iter__(self) -> Iterator[Name]:
        """Return the names in order."""
        return iter(self.names)

    @cached_property
    def index(self) -> Mapping[str, Name]:
        """The names by every way of printing them, case folded."""
        found: dict[str, Name] = {}
        for name in self.names:
            for printed in (name.canonical.casefold(), *name.synonyms, *name.misspellings):
                found.setdefault(printed, name)
        return MappingProxyType(found)

    def find(self, printed: str) -> Name | None:
        """Return the name that is printed like this, if the table has it."""
        return self.index.get(printed.casefold())


DRUGS = NameTable(
    (
        # RxNorm has aldesleukin, not interleukin-2; a code here would decide the product.
        Name(
            "interleukin-2",
            ("il-2", "il2", "interleukin 2", "rhil-2"),
            ("interleukine-2", "interlukin-2"),
        ),
        Name("interleukin-7", ("il-7", "il7", "interleukin 7", "rhil-7"), ("interlukin-7",)),
        Name("interferon-gamma", ("interferon gamma", "ifn-gamma", "ifn-g", "interferon-g")),
        Name(
            "clarithromycin",
            (),
            ("clathromycin", "clarithromicin", "claritromycin"),
            ("RXNORM:21212", "ATC:J01FA09"),
        ),
        Name(
            "azithromycin",
            (),
            ("azithromicin", "azitromycin"),
            ("RXNORM:18631", "ATC:J01FA10"),
        ),
        Name("erythromycin", (), ("erythromicin",), ("RXNORM:4053", "ATC:J01FA01")),
        Name("roxithromycin", (), (), ("ATC:J01FA06",)),
        Name("ethambutol", (), ("ethambutal",), ("RXNORM:4110", "ATC:J04AK02")),
        Name("rifampicin", ("rifampin",), ("rifampacin",), ("RXNORM:9384", "ATC:J04AB02")),
        Name("rifabutin", (), (), ("ATC:J04AB04",)),
        Name("rifapentine", (), (), ("ATC:J04AB05",)),
        Name("amikacin", (), ("amikacine",), ("RXNORM:641", "ATC:J01GB06")),
        Name("streptomycin", (), (), ("ATC:J01GA01",)),
        Name("clofazimine", (), (), ("ATC:J04BA01",)),
        Name("bedaquiline", (), (), ("ATC:J04AK05",)),
        Name("moxifloxacin", (), (), ("RXNORM:139462", "ATC:J01MA14")),
        Name("prednisone", (), (), ("RXNORM:8640", "ATC:H02AB07")),
        Name("prednisolone", (), (), ("RXNORM:8638", "ATC:H02AB06")),
        Name(
            "trimethoprim-sulfamethoxazole",
            ("co-trimoxazole", "cotrimoxazole", "tmp-smx", "sulfamethoxazole-trimethoprim"),
            (),
            ("ATC:J01EE01",),
        ),
    )
)

PRODUCTS = NameTable(
    (
        Name("aldesleukin", ("proleukin",), (), ("ATC:L03AC01",)),
        Name("pegylated interleukin-2", ("peg-il-2", "peg-il2", "peg-interleukin-2")),
        Name("bempegaldesleukin", ("nktr-214",)),
        Name("interferon gamma-1b", ("actimmune", "imukin", "immukin"), (), ("ATC:L03AB03",)),
        Name("CYT107", ("glycosylated rhil-7",)),
        Name("amikacin liposome inhalation suspension", ("alis", "arikayce"), (), ("ATC:J01GB06",)),
    )
)
"""Products by name. A product may also stay unknown, or be told in the source's own words."""

ORGANISMS = NameTable(
    (
        Name(
            "Mycobacterium avium-intracellulare",
            ("m. avium-intracellulare", "mycobacterium avium intracellulare", "mai"),
            ("myobacterium avium-intracellulare", "mycobacteria avium-intracellulare"),
            ("NCBITaxon:120793",),
        ),
        Name(
            "Mycobacterium avium complex",
            ("m. avium complex", "mac"),
            ("myobacterium avium complex",),
            ("NCBITaxon:120793",),
        ),
        Name("Mycobacterium avium", ("m. avium",), ("myobacterium avium",), ("NCBITaxon:1764",)),
        Name("Mycobacterium intracellulare", ("m. intracellulare",), (), ("NCBITaxon:1767",)),
        Name("Mycobacterium chimaera", ("m. chimaera",)),
        Name(
            "Mycobacterium abscessus",
            ("m. abscessus", "mycobacteroides abscessus"),
            (),
            ("NCBITaxon:36809",),
        ),
        Name("Mycobacterium kansasii", ("m. kansasii",), (), ("NCBITaxon:1768",)),
        Name("Mycobacterium xenopi", ("m. xenopi",)),
        Name(
            "Mycobacterium tuberculosis",
            ("m. tuberculosis", "tubercle bacilli"),
            (),
            ("NCBITaxon:1773",),
        ),
    )
)
MAC = frozenset(
    {
        "Mycobacterium avium-intracellulare",
        "Mycobacterium avium complex",
        "Mycobacterium avium",
        "Mycobacterium intracellulare",
        "Mycobacterium chimaera",
    }
)
"""Members of the *Mycobacterium avium* complex, by canonical name."""
NOT_NTM = frozenset({"Mycobacterium tuberculosis"})
"""Mycobacteria that are not nontuberculous."""

SPECIMENS = NameTable(
    (
        Name("sputum", ("expectorated sputum", "spontaneous sputum")),
        Name("induced sputum"),
        Name("bronchial wash", ("bronchial washing", "bronchial washings", "bronchial aspirate")),
        Name("bronchoalveolar lavage", ("bal", "bronchial lavage", "lavage fluid")),
        Name("lung biopsy", ("transbronchial biopsy", "transbronchial lung biopsy")),
        Name("blood", ("whole blood",)),
    )
)
SPUTUM = frozenset({"sputum", "induced sputum"})
BRONCHOSCOPIC = frozenset({"bronchial wash", "bronchoalveolar lavage"})
BIOPSY = frozenset({"lung biopsy"})

TERMS = NameTable(
    (
        Name("cough", ("chronic cough",), (), ("HP:0012735",)),
        Name("recurrent bronchitis", (), (), ("HP:0002837",)),
        Name("haemoptysis", ("hemoptysis",), (), ("HP:0002105",)),
        Name("dyspnoea", ("dyspnea", "shortness of breath"), (), ("HP:0002094",)),
        Name("fever", ("pyrexia",), (), ("HP:0001945",)),
        Name("fatigue", (), (), ("HP:0012378",)),
        Name("weight loss", (), (), ("HP:0001824",)),
        Name("night sweats", (), (), ("HP:0030166",)),
        Name("bronchiectasis", (), (), ("HP:0002110",)),
        Name("lymphopenia", ("lymphocytopenia",), (), ("HP:0001888",)),
        Name("eosinophilia", (), (), ("HP:0001880",)),
        Name("hypothyroidism", (), (), ("HP:0000821",)),
        Name("hypotension", (), (), ("HP:0002615",)),
        Name("thrombocytopenia", (), (), ("HP:0001873",)),
        # What the criteria of mycobacterial lung disease ask for; no single term covers them.
        Name("nodular opacities", ("nodular opacities on chest radiograph",)),
        Name("cavitary opacities", ("cavitary opacities on chest radiograph", "cavitation")),
        Name(
            "bronchiectasis with multiple small nodules",
            ("multifocal bronchiectasis with multiple small nodules",),
        ),
        Name("mycobacterial histology", ("granulomatous inflammation", "afb in tissue")),
        Name("idiopathic CD4 lymphopenia", ("icl", "idiopathic cd4 lymphocytopenia")),
        Name("mycobacterial lung disease", ("ntm lung disease", "mac lung disease")),
        Name("opportunistic infection"),
        # Cardiac and neurological events of the rules for interleukin-2.
        Name("myocardial ischaemia", ("myocardial ischemia",)),
        Name("atrial fibrillation", (), (), ("HP:0005110",)),
        Name("ventricular tachycardia", (), (), ("HP:0004756",)),
        Name("supraventricular tachycardia", (), (), ("HP:0004755",)),
        Name("raised cardiac enzymes"),
        Name("hallucinations", (), (), ("HP:0000738",)),
        Name("mental status change"),
        Name("vivid dreams"),
        Name("anxiety", ("mild anxiety",), (), ("HP:0000739",)),
        Name("intubation"),
        Name("suspected infection"),
        Name("documented infection"),
        Name("steroids initiated"),
        Name("transfusion"),
    )
)
"""Terms of findings, symptoms and adverse events that the criteria know. Any other text is kept
as it stands."""


def canonical(printed: str, table: NameTable) -> str:
    """Return the canonical name of a printed one; a name that no table knows stays as it is."""
    name = table.find(printed)
    return printed if name is None else name.canonical


def misspelt(printed: str, table: NameTable) -> bool:
    """Return whether a printed name is a known misspelling."""
    name = table.find(printed)
    return name is not None and printed.casefold() in name.misspellings


def codes_of(printed: str, table: NameTable) -> tuple[str, ...]:
    """Return the codes of a name; none if the table does not know it."""
    name = table.find(printed)
    return () if name is None else name.codes
