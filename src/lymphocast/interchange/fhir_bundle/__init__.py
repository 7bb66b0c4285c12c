"""HL7 FHIR R4: the parts that read a bundle into records and write a record as a bundle."""
