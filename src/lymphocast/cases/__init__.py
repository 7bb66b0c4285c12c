"""The founding case, as data."""
