"""The suites, one file each: what it answers, what must hold first, which effects it may have."""
