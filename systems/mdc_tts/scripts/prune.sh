#!/bin/bash
# Drops backups older than 30 days, here and in the bucket, but never the newest.
#
# BACKUP_DIR     the folder with backups
# BACKUP_BUCKET  the bucket, without s3://
set -euo pipefail
: "${BACKUP_DIR:?}" "${BACKUP_BUCKET:?}"

oldest=$(date -u -d "$(date -u +%F) - 30 days" +%Y%m%d)
# from names, one in each line, drop the newest and keep what is too old
too_old() {
    sed -n 's/^\(.* \)\{0,1\}\(mdc-[0-9]\{8\}T[0-9]\{6\}Z\.sql\.gz\)$/\2/p' | sort | sed '$d' |
        while read -r name; do
            day=${name#mdc-}
            if [ "${day%%T*}" -le "$oldest" ]; then echo "$name"; fi
        done
}

find "$BACKUP_DIR" -maxdepth 1 -type f -name 'mdc-*.sql.gz' -printf '%f\n' | too_old |
    while read -r name; do rm -f -- "$BACKUP_DIR/$name" "$BACKUP_DIR/$name.sha256"; done
aws s3 ls "s3://$BACKUP_BUCKET/" | too_old |
    while read -r name; do
        aws s3 rm "s3://$BACKUP_BUCKET/$name"
        aws s3 rm "s3://$BACKUP_BUCKET/$name.sha256"
    done
