"""What the next release of the shop brings: a migration, which the running one can do without."""
