"""Whether a system comes back from a disaster, and how soon."""

SUITE = "backup"
