"""Which other sites may read answers."""

SUITE = "smoke"
