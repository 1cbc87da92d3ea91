"""What was promised of backups: that they exist, are kept, and restore."""

SUITE = "backup"
