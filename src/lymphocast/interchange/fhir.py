"""HL7 FHIR R4 in both directions: a bundle of resources, and the record of a patient.

Reading takes a Bundle (or one resource) in JSON of any software; writing gives a Bundle of type
``collection``. What FHIR says natively is said natively; the rest of a fact stands in one
documented extension (``overlay``), and what of it does not come back is listed. The page
``docs/interchange/fhir.md`` shows which field stands where.

The bytes are read with ``json`` and the checks of this package, not with ``fhir.resources``: that
library takes 1.3 s for 10 000 small Observations, more than the records built from them, and
accepts any text where R4 requires a code list. It validates, in the tests, every bundle that is
written here.
"""

from lymphocast.interchange.exchange import Exported, Imported
from lymphocast.interchange.fhir_bundle.reading import read_bundle
from lymphocast.interchange.fhir_bundle.writing import write_bundle
from lymphocast.record.patient import PatientRecord


def read_fhir(content: bytes, name: str) -> Imported:
    """Read the patients of a FHIR R4 Bundle, or of a single resource, in JSON.

    Parameters
    ----------
    content
        The bytes of the file: UTF-8, or UTF-16 with a byte-order mark.
    name
        Stands for the file in messages, and for the source if the bundle has no identifier.

    Raises
    ------
    ExchangeError
        If the file is no FHIR R4: where, what was found, what is needed.
    """
    return read_bundle(content, name)


def write_fhir(record: PatientRecord) -> Exported:
    """Write a record as a FHIR R4 Bundle in JSON, and list what does not come back."""
    return write_bundle(record)
