"""Virtual trials: a protocol followed in virtual patients, many times, and how it would perform."""
