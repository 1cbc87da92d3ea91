"""The pages that are answered without Django."""

from collections.abc import Callable

from verify.reference.behaviour import Behaviour
from verify.reference.config import Config
from verify.reference.server import openapi
from verify.reference.server.acts import Acts
from verify.reference.server.forge import Forge
from verify.reference.server.health import Health
from verify.reference.server.http import Answer, Environ, json_answer, not_allowed, problem
from verify.reference.server.media import Media
from verify.reference.server.metrics import Metrics
from verify.reference.server.products import Products
from verify.reference.server.surface import Surface

_READ = frozenset({"GET", "HEAD"})


class Pages:
    """Finds the page of a path."""

    def __init__(
        self, config: Config, health: Health, products: Products, metrics: Metrics, acts: Acts
    ) -> None:
        """Bind each path of the contract to its page."""
        self._acts = acts
        self._forge = Forge(config.pipeline) if config.pipeline else None
        self._config = config
        self._products = products
        self._products_path = f"{config.api}products/"
        self._dead_path = config.api + openapi.DEAD
        self._metrics = metrics
        self._pages: dict[str, Callable[[Behaviour], Answer]] = {
            config.health: health.answer,
            config.schema: self._schema,
            config.metrics: self.measured,
        }
        if config.liveness:
            self._pages[config.liveness] = health.alive
        self._media = Media(config)
        self._surface = Surface(config, frozenset((*self._pages, self._products_path)), health.database)

    def answer(self, environ: Environ, behaviour: Behaviour, user: str | None) -> Answer | None:
        """Return the answer, or None where Django is to give it."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if path == self._products_path and method in _READ and user is not None:
            return self._products.answer(environ, behaviour, user)
        page = self._pages.get(path)
        if page is not None:
            open_to_all = self._config.metrics_public or behaviour.metrics_public
            if path == self._config.metrics and not open_to_all and user != "staff":
                return problem(403, "The metrics are not for everybody.")
            return page(behaviour) if method in _READ else not_allowed("GET, HEAD")
        if self._forge is not None and path.startswith(self._forge.base):
            return (
                self._forge.answer(environ, behaviour, user) if method in _READ else not_allowed("GET, HEAD")
            )
        if behaviour.schema_dead and path == self._dead_path and method in _READ:
            return problem(500, "The report cannot be made.")
        return (
            self._acts.answer(environ, behaviour)
            or self._media.answer(environ, behaviour, user)
            or self._surface.answer(environ, behaviour)
        )

    def _schema(self, behaviour: Behaviour) -> Answer:
        if behaviour.schema == "missing":
            return problem(404, "Not found.")
        document = openapi.document(self._config, dead=behaviour.schema_dead)
        if behaviour.schema == "invalid":
            document["openapi"] = 3
            del document["info"]
        return json_answer(200, document)

    def measured(self, behaviour: Behaviour) -> Answer:
        """Return the metrics, to whoever may read them."""
        if not behaviour.metrics:
            return problem(404, "Not found.")
        answer = self._metrics.answer()
        for name in behaviour.metrics_empty:
            lines = answer.body.splitlines(keepends=True)
            answer.body = b"".join(line for line in lines if not line.startswith(name.encode()))
        return answer
