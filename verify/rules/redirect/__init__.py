"""Where an address sends its callers."""

SUITE = "smoke"
