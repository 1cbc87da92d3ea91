#!/bin/bash
# Dumps the database, compressed, keeps it here for 30 days and sends it to the bucket.
#
# DATABASE_URL   the database
# BACKUP_DIR     the folder for backups, and for nothing else
# BACKUP_BUCKET  the bucket, without s3://
set -euo pipefail
: "${DATABASE_URL:?}" "${BACKUP_DIR:?}" "${BACKUP_BUCKET:?}"

name=mdc-$(date -u +%Y%m%dT%H%M%SZ).sql.gz
draft=$BACKUP_DIR/.$name
trap 'rm -f "$draft"' EXIT

pg_dump --format=plain --dbname="$DATABASE_URL" | gzip >"$draft"
# a dump that was cut ends without this line; read to the end: what gives up early breaks the pipe
gunzip -c "$draft" | tail -n 5 | grep '^-- PostgreSQL database dump complete' >/dev/null
mv "$draft" "$BACKUP_DIR/$name"
(cd "$BACKUP_DIR" && sha256sum "$name" >"$name.sha256")

# the checksum first: a backup that is there has one
aws s3 cp "$BACKUP_DIR/$name.sha256" "s3://$BACKUP_BUCKET/$name.sha256"
aws s3 cp "$BACKUP_DIR/$name" "s3://$BACKUP_BUCKET/$name"
"$(dirname -- "$0")/prune.sh"
