"""Where the system runs, and whether that is apart."""

SUITE = "smoke"
