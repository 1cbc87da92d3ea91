"""The application in the browser."""

SUITE = "smoke"
