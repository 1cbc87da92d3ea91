"""What must never be served, for the faults that serve it: path, type and content of each kind."""

HTML = "text/html; charset=utf-8"
_TEXT = "text/plain"

#: kind -> path -> (content type, body)
FILES: dict[str, dict[str, tuple[str, bytes]]] = {
    "env": {"/.env": (_TEXT, b"DEBUG=0\nDATABASE_URL=postgres://db/shop\n")},
    "git": {
        "/.git/HEAD": (_TEXT, b"ref: refs/heads/main\n"),
        "/.git/config": (_TEXT, b"[core]\n\trepositoryformatversion = 0\n"),
    },
    "backup": {"/backup.sql": ("application/sql", b"--\n-- PostgreSQL database dump\n--\n")},
    "listing": {
        "/static/": (
            HTML,
            b'<html><head><title>Index of /static/</title></head><body><a href="../">../</a></body></html>',
        )
    },
    "status": {"/server-status": (HTML, b"<html><head><title>Apache Status</title></head></html>")},
    "admin": {"/admin/": (HTML, b"<html><head><title>Log in | Django site admin</title></head></html>")},
    "toolbar": {"/__debug__/": (HTML, b'<div id="djDebug">Django Debug Toolbar</div>')},
}
