"""Whether the environment is there at all."""

SUITE = "smoke"
