"""What is kept in browsers."""

SUITE = "smoke"
