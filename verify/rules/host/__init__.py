"""Which names the system answers to."""

SUITE = "smoke"
