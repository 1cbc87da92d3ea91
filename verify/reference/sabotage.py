"""Programs of a backup that do their work badly, as they do in the wild: each ends with 0.

A program is the body of a shell script; ``$REAL`` is the one that it stands for. Who runs a drill
on the reference puts them before the real ones.
"""

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
    "$REAL" "$@"
    # of a folder every file but its table of contents
    find "$out" -type f ! -name toc.dat | while read -r file; do
        truncate -s "$(($(stat -c %s "$file") * 6 / 10))" "$file"
    done
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
_SLOWLY = 'sleep 3\nexec "$REAL" "$@"\n'
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
_ONE_WAY = """
case " $* " in
*" zero "*)
    echo 'django.db.migrations.exceptions.IrreversibleError: Operation <RunSQL> is not reversible' >&2
    exit 1
    ;;
esac
exec "$REAL" "$@"
"""
_REGARDLESS = '"$REAL" "$@"\nexit 0\n'

TRUNCATED: Mapping[str, str] = {"pg_dump": _CUT}
EMPTY: Mapping[str, str] = {"pg_dump": _NOTHING}
TABLE_MISSING: Mapping[str, str] = {"pg_dump": _NO_PRODUCTS}
IN_CLEAR: Mapping[str, str] = {"openssl": _IN_CLEAR}
SLOW: Mapping[str, str] = {"pg_restore": _SLOWLY, "psql": _SLOWLY}
HASTY: Mapping[str, str] = {"pg_dump": _ASIDE}
ONE_WAY: Mapping[str, str] = {"shop-manage": _ONE_WAY}
CARELESS: Mapping[str, str] = dict.fromkeys(
    ("grep", "gunzip", "gzip", "openssl", "pg_restore", "psql", "sha256sum", "zcat", "zstd"), _REGARDLESS
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
