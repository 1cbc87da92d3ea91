"""Turns needs into facts: one file a kind, and the only code that looks at the world."""
