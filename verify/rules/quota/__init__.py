"""How much a caller may ask in a longer time."""

SUITE = "smoke"
