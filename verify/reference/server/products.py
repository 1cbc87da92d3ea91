"""The public product list, past Django: cached in Redis, read from the database without it."""

import json
import threading

import psycopg

from verify.reference.behaviour import Behaviour
from verify.reference.config import Config
from verify.reference.server import identity
from verify.reference.server.database import Database
from verify.reference.server.http import Answer, Environ, problem
from verify.reference.server.stores import Cache

_QUERY = "SELECT id, name, price, stock, tag FROM shop_product ORDER BY id LIMIT 100"
_JSON = ("Content-Type", "application/json")


class Products:
    """Answers ``GET products/``."""

    def __init__(self, config: Config, database: Database, cache: Cache) -> None:
        """Keep what it reads from."""
        self._config = config
        self._database = database
        self._cache = cache

    def body(self) -> bytes:
        """Return the list as JSON; raise ``psycopg.Error`` when neither source has it."""
        cached = self._cache.products()
        if cached is not None:
            return cached
        rows = self._database.rows(_QUERY)
        items = [
            {"id": key, "name": name, "price": f"{price:.2f}", "stock": stock, "tag": tag}
            for key, name, price, stock, tag in rows
        ]
        body = json.dumps({"count": len(items), "results": items}).encode()
        self._cache.keep_products(body)
        return body

    def answer(self, environ: Environ, behaviour: Behaviour, user: str) -> Answer:
        """Return the list, or the refusal of the quota."""
        who, quota = identity.quota_of(self._config, behaviour, user, environ["REMOTE_ADDR"])
        if quota is not None:
            wait = self._cache.take(who, quota)
            if wait:
                return problem(429, identity.throttled(wait), [("Retry-After", str(wait))])
        if behaviour.products_delay:
            threading.Event().wait(behaviour.products_delay)
        if behaviour.products_status != 200:  # noqa: PLR2004 # the promised status
            return problem(behaviour.products_status, "The product list cannot be shown.")
        try:
            body = self.body()
        except psycopg.Error:
            return problem(503, "The product list is not available for now.", [("Retry-After", "1")])
        return Answer(200, _drifted(body) if behaviour.products_drift else body, [_JSON])


def _drifted(body: bytes) -> bytes:
    """Return the list as no document says: prices are numbers, and nothing has a tag."""
    found = json.loads(body)
    for item in found["results"]:
        item["price"] = float(item["price"])
        del item["tag"]
    return json.dumps(found).encode()
