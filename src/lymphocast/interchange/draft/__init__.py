"""Facts proposed from the text of an abstract or legend, for a person to accept or remove."""
