"""Where backups are kept: folders and buckets, listed, fetched from and put into."""
