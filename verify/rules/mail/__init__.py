"""Where mail is handed in."""

SUITE = "smoke"
