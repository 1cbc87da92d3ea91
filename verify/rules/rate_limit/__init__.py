"""Where callers are refused."""

SUITE = "smoke"
