"""Reports: one file a format, all from the same run object; ``write`` is the way out."""
