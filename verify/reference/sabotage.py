"""Programs of a backup that do their work badly, as they do in the wild: each ends with 0.

A program is the body of a shell script; ``$REAL`` is the one that it stands for. Who runs a drill
on the reference puts them before the real ones.
"""

import datetime as dt
import shlex
from collections.abc import Mapping
from pathlib import Path

#: the file that -f, --file, -out and their like name, in `$out`
_OUT = """
out='' before=''
for word; do
    case $before in -f|--file|-out) out=$word ;; esac
    case $word in --file=*) out=${word#--file=} ;; esac
    before=$word
done
"""
_CUT = f"""{_OUT}
if [ -n "$out" ]; then
    "$REAL" "$@" && truncate -s "$(($(stat -c %s "$out") * 6 / 10))" "$out"
    exit 0
fi
"$REAL" "$@" | head -c 6000
exit 0
"""
_NOTHING = f"""{_OUT}
echo 'pg_dump: error: aborting because of server version mismatch' >&2
[ -z "$out" ] || : >"$out"
exit 0
"""
_NO_PRODUCTS = 'exec "$REAL" --exclude-table-data=*_product "$@"\n'
_IN_CLEAR = """
before=''
for word; do
    case $before in -in) in=$word ;; -out) out=$word ;; esac
    before=$word
done
exec cp "$in" "$out"
"""
#: how far the clock is behind
BEHIND = dt.timedelta(days=7)
_LAST_WEEK = f'exec "$REAL" -d "{BEHIND.days} days ago" "$@"\n'
_SLOWLY = 'sleep 5\nexec "$REAL" "$@"\n'
#: the stand-ins of a restore are in a folder of this name, see ``drills.postgres.engines``
_ASIDE = f"""
case $PATH in
*/shims-restore/bin:*) ;;
*) exec "$REAL" "$@" ;;
esac
{_OUT}
[ -z "$out" ] || : >"$out"
exit 0
"""
_REGARDLESS = '"$REAL" "$@"\nexit 0\n'

TRUNCATED: Mapping[str, str] = {"pg_dump": _CUT}
EMPTY: Mapping[str, str] = {"pg_dump": _NOTHING}
TABLE_MISSING: Mapping[str, str] = {"pg_dump": _NO_PRODUCTS}
IN_CLEAR: Mapping[str, str] = {"openssl": _IN_CLEAR}
STALE: Mapping[str, str] = {"date": _LAST_WEEK}
SLOW: Mapping[str, str] = {"pg_restore": _SLOWLY, "psql": _SLOWLY}
HASTY: Mapping[str, str] = {"pg_dump": _ASIDE}
CARELESS: Mapping[str, str] = dict.fromkeys(
    ("grep", "gunzip", "gzip", "openssl", "pg_restore", "psql", "zcat", "zstd"), _REGARDLESS
)


def write(folder: Path, bodies: Mapping[str, str], real: Mapping[str, str]) -> dict[str, str]:
    """Write the programs of ``bodies`` into ``folder``; return their paths by name.

    ``real`` are the paths of those they stand for; one that is not there needs no stand-in.
    """
    written = {}
    for name, body in bodies.items():
        if name in real:
            path = folder / name
            path.write_text(f"#!/bin/sh\nREAL={shlex.quote(real[name])}\n{body}")
            path.chmod(0o755)
            written[name] = str(path)
    return written
