"""Programs that stand in for those that tell the time, make a dump, or reach beyond the folder.

Each is a small script for ``sh``. ``clock`` holds the simulated time and how far that is ahead
of the real one; ``mode`` is ``ok`` or ``failing``; what is asked of a stand-in and not played is
written to ``refused``, and then the replay says nothing.
"""

import shutil
from pathlib import Path

#: calls of aws that can be under way at once
SLOTS = 16

_HEAD = """#!/bin/sh
home=${0%/*}/..
refuse() { echo "$*" >>"$home/refused"; echo "$1: not played in a replay: $*" >&2; exit 127; }
"""

_DATE = """read -r now offset <"$home/clock"
plain=yes
for word do
    case $word in
    +*|-I*|--iso-8601*|--rfc*|-R|--rfc-email|-u|--utc|--universal) ;;
    *) plain= ;;
    esac
done
[ -z "$plain" ] || exec @date@ -d "@$now" "$@"
left=$# kind= text= utc=
while [ "$left" -gt 0 ]; do
    word=$1
    shift
    left=$((left - 1))
    case $word in
    -u|--utc|--universal) utc=-u ;;
    +*|-I*|--iso-8601*|--rfc*|-R|--rfc-email) set -- "$@" "$word" ;;
    -d|--date|-ud|-r|--reference|-ur)
        case $word in -u*) utc=-u ;; esac
        case $word in -r|-ur|--reference) kind=file ;; *) kind=text ;; esac
        text=$1
        shift
        left=$((left - 1)) ;;
    --date=*) kind=text text=${word#*=} ;;
    --reference=*) kind=file text=${word#*=} ;;
    -d*) kind=text text=${word#-d} ;;
    *) refuse date "$word" ;;
    esac
done
if [ "$kind" = file ]; then
    at=$(@stat@ -L -c %Y -- "$text") || exit 1
    exec @date@ $utc -d "@$((at + offset))" "$@"
fi
case $text in
@*|*[0-9][0-9][0-9][0-9]-[0-9]*-[0-9]*|[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]*|*[0-9]/[0-9]*)
    exec @date@ $utc -d "$text" "$@" ;;
*[Mm]onday*|*[Tt]uesday*|*[Ww]ednesday*|*[Tt]hursday*|*[Ff]riday*|*[Ss]aturday*|*[Ss]unday*|\\
*[Mm]on|*[Tt]ue|*[Ww]ed|*[Tt]hu|*[Ff]ri|*[Ss]at|*[Ss]un|*[Mm]on\\ *|*[Ss]un\\ *)
    refuse date "-d $text" ;;
*:*|*noon*|*midnight*) base=$(@date@ $utc -d "@$now" +%F) ;;
*) base=$(@date@ $utc -d "@$now" "+%F %T") ;;
esac
# the difference first: behind a time of day, -7 would be a time zone
exec @date@ $utc -d "$text $base" "$@"
"""

#: real times that are printed become simulated ones
_SHIFT = r"""awk -v offset="$offset" '{
    out = ""
    while (match($0, /\001[0-9]+/)) {
        out = out substr($0, 1, RSTART - 1) sprintf("%d", substr($0, RSTART + 1, RLENGTH - 1) + offset)
        $0 = substr($0, RSTART + RLENGTH)
    }
    print out $0
}'"""

_FIND = """read -r now offset <"$home/clock"
case " $*" in
*" -newer"[aBcm]t*|*%T*|*%A*|*%C*|*%B*|*%t*|*%a*|*%c*) ;;
*) exec @find@ "$@" ;;
esac
left=$# before= shifted=
while [ "$left" -gt 0 ]; do
    word=$1
    shift
    left=$((left - 1))
    case $before in
    -newer[aBcm]t)
        at=$("$home/bin/date" -d "$word" +%s) || exit 1
        word=@$((at - offset)) ;;
    -printf)
        case $word in
        *%[ACB]*|*%T[!@]*|*%[act]*|*'\\0'*) refuse find "-printf $word" ;;
        *%T@*)
            shifted=yes
            word=$(printf '%s' "$word" | sed 's/%T@/\\\\001%T@/g') ;;
        esac ;;
    -fprintf) refuse find -fprintf ;;
    esac
    before=$word
    set -- "$@" "$word"
done
[ -n "$shifted" ] || exec @find@ "$@"
@find@ "$@" | @shift@
"""

_STAT = """read -r now offset <"$home/clock"
case " $*" in
*%[wWxXyzZ]*) refuse stat "$*" ;;
*%Y*) ;;
*" -c"*|*" --format"*|*" --printf"*) exec @stat@ "$@" ;;
*) refuse stat "without a format" ;;
esac
left=$#
while [ "$left" -gt 0 ]; do
    word=$1
    shift
    left=$((left - 1))
    case $word in
    --printf*) refuse stat "$word" ;;
    *%Y*) word=$(printf '%s' "$word" | sed "s/%Y/$(printf '\\001')%Y/g") ;;
    esac
    set -- "$@" "$word"
done
@stat@ "$@" | @shift@
"""

_TOUCH = """for word do
    case $word in
    -d*|-t*|-r*|--date*|--time*|--reference*) refuse touch "$word" ;;
    esac
done
exec @touch@ "$@"
"""

#: who may do what to a file is not confined by the kernel, so that these stay inside by themselves
_INSIDE = """for word do
    case $word in
    /dev/null) ;;
    "$(cd "$home" && pwd)"/*) case $word in */..*) refuse @name@ "$word" ;; esac ;;
    /*|*..*) refuse @name@ "$word" ;;
    esac
done
exec @program@ "$@"
"""

_DUMP = """read -r now offset <"$home/clock"
read -r mode <"$home/mode"
file= form=
while [ $# -gt 0 ]; do
    case $1 in
    -f|--file) file=$2; shift ;;
    --file=*) file=${1#*=} ;;
    -F|--format) form=$2; shift ;;
    --format=*) form=${1#*=} ;;
    -F*) form=${1#-F} ;;
    -f*) file=${1#-f} ;;
    --version|-V) echo "@name@ (PostgreSQL) 15.18"; exit 0 ;;
    esac
    shift
done
if [ "$mode" != ok ]; then
    echo "@name@: error: connection to server failed: Connection refused" >&2
    exit 1
fi
case $form in
d*) mkdir "$file" || exit 1; file=$file/toc.dat ;;
esac
[ -z "$file" ] || exec >"$file" || exit 1
printf -- '--\\n-- PostgreSQL database dump\\n--\\n-- of %s\\n' "$now"
printf -- '--\\n-- PostgreSQL database dump complete\\n--\\n'
"""

_RESTORE = """file= list=
for word do
    case $word in -l|--list) list=yes ;; -*) ;; *) file=$word ;; esac
done
[ -n "$list" ] || refuse pg_restore "$*"
[ -s "$file" ] || [ -d "$file" ] || { echo "pg_restore: error: input file is too short" >&2; exit 1; }
echo "; Archive created at a simulated time"
"""

_READY = """read -r mode <"$home/mode"
[ "$mode" = ok ] || exit 2
"""

#: without a program of its own but `cat`: it is called several times on each of hundreds of days.
#: An answer of one line comes with the status, any other in the file that is named there
_AWS = """set -C
number=0
while call=$home/calls/$number; ! { true >"$call/taken"; } 2>/dev/null; do
    number=$((number + 1))
    [ "$number" -lt @slots@ ] || refuse aws "more than @slots@ times at once"
done
set +C
exec 3<>"$call/answer"
printf '%s\\0' "$PWD" "$@" >"$call/arguments"
stdin=
case " $* " in *" - "*) case $3 in -) cat >"$call/stdin"; stdin=stdin ;; esac ;; esac
echo "ask $number $stdin" >"$home/calls/new"
read -r status out line <&3
case $out in
line) printf '%s\n' "$line" >&$((status ? 2 : 1)) ;;
said) cat "$call/said" >&$((status ? 2 : 1)) ;;
esac
echo "done $number" >"$home/calls/new"
exit "$status"
"""

#: what reaches other machines, keeps its own time, or is another user
_REFUSED = (
    "at", "az", "b2", "borg", "crontab", "curl", "docker", "gcloud", "gsutil", "kubectl", "logrotate", "mc",
    "mongodump", "mysql", "mysqldump", "nc", "node", "perl", "php", "podman", "psql", "python", "python3",
    "python2", "rclone", "redis-cli", "restic", "ruby", "s3cmd", "scp", "sftp", "ssh", "su", "sudo",
    "systemctl", "tmpreaper", "tmpwatch", "wget",
)  # fmt: skip


class MissingError(OSError):
    """A program that stand-ins are built on is not on this machine."""


def install(folder: Path) -> None:
    """Write every stand-in into ``folder``, which lies in the root of a replay; raise ``MissingError``."""
    folder.mkdir()
    texts = {
        "date": _DATE,
        "find": _FIND,
        "stat": _STAT,
        "touch": _TOUCH,
        "aws": _AWS,
        "pg_dump": _DUMP,
        "pg_dumpall": _DUMP,
        "pg_restore": _RESTORE,
        "pg_isready": _READY,
        **{name: _INSIDE.replace("@program@", _real(name)) for name in ("chmod", "chown", "chgrp")},
        **{name: f'refuse {name} "$@"\n' for name in _REFUSED},
    }
    for name, text in texts.items():
        whole = text.replace("@slots@", str(SLOTS)).replace("@name@", name).replace("@shift@", _SHIFT)
        for program in ("date", "find", "stat", "touch"):
            whole = whole.replace(f"@{program}@", _real(program))
        (folder / name).write_text(_HEAD + whole, encoding="utf-8")
        (folder / name).chmod(0o755)


def _real(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingError(f"{name}: program not found: install it, or put its folder on PATH")
    return found
