"""Asks the same thing once, whichever collector asks, and at whatever moment."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from verify.facts.http import Exchange, Get


class Once:
    """The exchanges of one run by what was asked; safe in threads."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self._lock = threading.Lock()
        self._asked: dict[Get, Future[Exchange]] = {}

    def ask(self, need: Get, ask: Callable[[], Exchange]) -> Exchange:
        """Return the answer to ``need``, with ``ask`` where nobody did before; raise what it raised.

        Whoever comes while it is asked waits, as long as the deadline of ``ask`` lets it take.
        """
        with self._lock:
            known = self._asked.get(need)
            answer = self._asked.setdefault(need, Future())
        if known is None:
            try:
                answer.set_result(ask())
            except BaseException as error:  # whoever waits must not wait for ever
                answer.set_exception(error)
                raise
        return answer.result()

    def keep(self, need: Get, answer: Exchange) -> None:
        """Take an answer that was seen already; the first one stays."""
        self.ask(need, lambda: answer)
