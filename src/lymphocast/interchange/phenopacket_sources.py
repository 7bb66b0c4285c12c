"""Who says so: external references, evidence, and the packet itself as a source.

A packet names its publications in its metadata, and beside a phenotypic feature which of them
says so. Any other fact of a packet has no source of its own: the packet is its source then, and
the path in the packet its locator.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import final

from lymphocast.interchange.phenopacket_place import Place
from lymphocast.interchange.phenopacket_terms import OWN, STATED, Json, named, own, slug, term_of
from lymphocast.interchange.phenopacket_times import Dating, dating_of
from lymphocast.record.provenance import Method, Provenance, Source
from lymphocast.record.when import IDENTIFIER

PACKET = "phenopacket"
"""Identifier of the source that is the packet itself."""
CREATED_BY = "lymphocast"
NO_LOCATOR = "not stated"
_PMID = re.compile(r"(?:PMID:|PUBMED:|https?://pubmed\.ncbi\.nlm\.nih\.gov/)\s*(\d+)/?", re.I)
_DOI = re.compile(r"(?:DOI:|https?://(?:dx\.)?doi\.org/)\s*(10\.\S+)", re.I)
_ID = re.compile(IDENTIFIER)


def citation_of(packet_id: str) -> str:
    """Return the citation of a packet as a source of its own facts."""
    return f"Phenopacket {packet_id}"


def reference_of(source: Source) -> Json:
    """Return the external reference of a source, without its description."""
    address = {} if source.doi is None else {"reference": f"https://doi.org/{source.doi}"}
    if source.pmid is not None:
        return {"id": f"PMID:{source.pmid}", **address}
    if source.doi is not None:
        return {"id": f"DOI:{source.doi}", **address}
    return {"id": f"{OWN}:{source.id}"}


def evidence_of(provenance: Provenance, sources: Mapping[str, Source]) -> Json:
    """Return the evidence of one place in a source."""
    code = named(STATED) if provenance.method is Method.STATED else own(provenance.method)
    reference = reference_of(sources[provenance.source])
    return {"evidenceCode": code, "reference": {**reference, "description": provenance.locator}}


@final
@dataclass
class Names:
    """Identifiers that are given out once each."""

    taken: set[str] = field(default_factory=set)
    _last: dict[str, int] = field(default_factory=dict)

    def take(self, wanted: str, instead: str) -> str:
        """Return an identifier made of a text, or of another if that gives none."""
        made = slug(wanted)
        base = made if _ID.fullmatch(made) else slug(instead)
        name = base
        while name in self.taken:
            # The last number is remembered: thousands of facts may want the same name.
            self._last[base] = self._last.get(base, 1) + 1
            name = f"{base}-{self._last[base]}"
        self.taken.add(name)
        return name

    def next(self, kind: str, taken: list[Json]) -> str:
        """Return the identifier of the next fact of a list, such as ``measurement-3``."""
        return self.take(f"{kind}-{len(taken) + 1}", kind)


@final
@dataclass
class Reading:
    """What the facts of one packet share while it is read.

    Parameters
    ----------
    sources
        The sources as a case file has them; the packet is the first.
    born
        The date of birth, if it is stated.
    names
        Identifiers of facts in use.
    """

    sources: list[Json]
    born: date | None = None
    names: Names = field(default_factory=Names)
    _source_names: Names = field(default_factory=lambda: Names({PACKET}))
    _known: dict[str, str] = field(default_factory=dict)
    _citations: dict[str, str] = field(default_factory=dict)

    def add_source(self, reference: Place) -> str:
        """Return the identifier of the source that an external reference names."""
        curie, address = reference.text("id"), reference.text("reference")
        described = reference.text("description")
        key = curie or address or described
        if key in self._known:
            return self._known[key]
        pmid, doi = _pmid_and_doi(curie, address)
        ours = curie.removeprefix(f"{OWN}:") if curie.startswith(f"{OWN}:") else ""
        wanted = ours or (f"pmid-{pmid}" if pmid else f"doi-{doi}" if doi else key)
        name = self._source_names.take(wanted, "source")
        self._known[key] = name
        _note_unread(reference, described)
        citation = described or curie or address or "not described"
        self._citations[name] = citation
        self.sources.append({"id": name, "citation": citation, "doi": doi, "pmid": pmid})
        return name

    def provenance(self, place: Place, dating: Dating | None = None) -> list[Json]:
        """Return where a fact of a packet stands."""
        found = [self._evidence(item, place) for item in place.items("evidence")]
        if not found or (dating is not None and dating.note):
            note = "" if dating is None else dating.note
            method = Method.DERIVED if note else Method.STATED
            found.append(_at(PACKET, place.path, method, note))
        return found

    def time(self, place: Place) -> Dating | None:
        """Return when something was; a time that no calendar holds is listed."""
        dating = dating_of(place, self.born) if place else None
        if place and dating is None:
            needed = "a record needs a time on the calendar"
            place.drop(needed if self.born else f"{needed}, or an age and a date of birth")
        return dating

    def _evidence(self, item: Place, fact: Place) -> Json:
        """Return the place in a source that an evidence names."""
        code, reference = term_of(item.inner("evidenceCode")), item.inner("reference")
        label = STATED[1] if code is None else code.label
        method = Method(label) if label in set(Method) and code and not code.code else Method.STATED
        if code is not None and code.code not in {None, STATED[0]}:
            item.inner("evidenceCode").note("id", label, "a record keeps how, not which evidence")
        if not reference:
            return _at(PACKET, fact.path, method, _note_for(method))
        known = len(self.sources)
        source = self.add_source(reference)
        described = reference.text("description")
        new = len(self.sources) > known or described == self._citations[source]
        return _at(source, NO_LOCATOR if new else described, method, _note_for(method))


def _note_for(method: Method) -> str:
    """Return the note that a record needs where a packet has no place for one."""
    if method in {Method.DERIVED, Method.ASSUMED}:
        return "The packet does not say how."
    return ""


def _at(source: str, locator: str, method: Method, note: str) -> Json:
    """Return one place in a source."""
    place = {"source": source, "locator": locator or NO_LOCATOR, "method": str(method)}
    return {**place, "note": note or None}


def _pmid_and_doi(*texts: str) -> tuple[str | None, str | None]:
    """Return the identifiers that the texts of a reference hold."""
    pmids = [match[1] for text in texts if (match := _PMID.fullmatch(text))]
    dois = [match[1] for text in texts if (match := _DOI.fullmatch(text))]
    return (pmids[0] if pmids else None, dois[0] if dois else None)


def _note_unread(reference: Place, described: str) -> None:
    """List an identifier or address that is neither kept nor shown."""
    curie, address = reference.text("id"), reference.text("reference")
    for key, text in (("id", curie), ("reference", address)):
        kept = _PMID.fullmatch(text) or _DOI.fullmatch(text) or text.startswith(f"{OWN}:")
        if text and described and not kept:
            reference.note(key, text, "a source has a DOI and a PubMed identifier only")
