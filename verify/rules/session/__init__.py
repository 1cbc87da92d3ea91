"""How the system remembers who asks."""

SUITE = "smoke"
