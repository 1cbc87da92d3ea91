"""Redis and Valkey: snapshots and append-only files taken, restored, and compared key by key."""
