#!/bin/bash
# Migrates the database, once it is backed up: without that nothing is changed.
#
# DATABASE_URL, BACKUP_BUCKET, BACKUP_KEY  see backup.sh
# MANAGE         what runs Django's commands, by default that of the image
set -euo pipefail
"$(dirname -- "$0")/backup.sh"
${MANAGE:-docker compose exec -T web python manage.py} migrate --no-input
