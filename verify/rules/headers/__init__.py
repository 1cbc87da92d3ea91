"""The headers of every answer."""

SUITE = "smoke"
