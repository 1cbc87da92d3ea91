"""Who is let in."""

SUITE = "smoke"
