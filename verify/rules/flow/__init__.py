"""What a user comes for."""

SUITE = "smoke"
