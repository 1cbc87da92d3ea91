"""What stands before the application."""

SUITE = "smoke"
