"""CloudWatch: the dashboards of an account, and the lines in a group of logs; only ever read."""

import time
from collections.abc import Mapping

from verify.drills.aws import Access, Amazon
from verify.effects.redact import Redactor

#: seconds before the first line that may be ours: clocks differ
_EARLIER = 300.0
_PAGES = 20
_DASHBOARDS = 20_000


class CloudWatch:
    """One account in one region; share it among threads."""

    def __init__(self, access: Access, *, redactor: Redactor, environ: Mapping[str, str]) -> None:
        """Read the credentials; nothing is sent yet. Raise ``DrillError``."""
        self._redactor = redactor
        self._access = access
        self._environ = environ

    def dashboards(self, deadline: float) -> tuple[str, ...]:
        """Return the names of all dashboards; raise ``DrillError``."""
        amazon = self._client("cloudwatch")
        try:
            with amazon.during("fetch", "listing dashboards", deadline):
                pages = amazon.client.get_paginator("list_dashboards").paginate(
                    PaginationConfig={"MaxItems": _DASHBOARDS}
                )
                return tuple(
                    str(each["DashboardName"]) for page in pages for each in page.get("DashboardEntries", ())
                )
        finally:
            amazon.close()

    def lines(self, group: str, text: str, deadline: float) -> tuple[str, ...]:
        """Return some lines of the last minutes that hold ``text``; raise ``DrillError``."""
        amazon = self._client("logs")
        asked = {
            "logGroupName": group,
            "filterPattern": f'"{text}"',
            "startTime": round((time.time() - _EARLIER) * 1000),
        }
        try:
            with amazon.during("fetch", f"searching log group {group}", deadline):
                for _ in range(_PAGES):  # of which many may be empty
                    page = amazon.client.filter_log_events(**asked)
                    if found := page.get("events"):
                        return tuple(str(each.get("message", "")) for each in found)
                    if not page.get("nextToken"):
                        break
                    asked["nextToken"] = page["nextToken"]
            return ()
        finally:
            amazon.close()

    def _client(self, service: str) -> Amazon:
        return Amazon(service, self._access, stage="fetch", redactor=self._redactor, environ=self._environ)
