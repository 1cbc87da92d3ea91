"""Docker Compose files."""

SUITE = "policy"
