"""Procedures that make facts: backups are taken, restored and compared."""
