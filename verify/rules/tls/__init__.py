"""Certificates and protocol versions."""

SUITE = "smoke"
