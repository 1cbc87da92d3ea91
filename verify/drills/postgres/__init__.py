"""PostgreSQL: sessions and fingerprints, dumps and restores, servers of our own."""
