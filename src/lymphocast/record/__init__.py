"""What happened to the patient: calendar time, quantities and sources."""
