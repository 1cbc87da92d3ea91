"""What granian loads: puts the front together, opens the plain port, says it is ready."""

import os

from verify.reference.config import LOG_FILE, Config
from verify.reference.server import mail, plain
from verify.reference.server.acts import Acts
from verify.reference.server.cdn import Door
from verify.reference.server.control import Control
from verify.reference.server.database import Database
from verify.reference.server.edge import Edge
from verify.reference.server.health import Health
from verify.reference.server.http import Application
from verify.reference.server.logs import Events, RequestLog
from verify.reference.server.metrics import Metrics
from verify.reference.server.monitor import Monitor
from verify.reference.server.pages import Pages
from verify.reference.server.products import Products
from verify.reference.server.stores import Cache


def build() -> Application:
    """Return the application of the front; its parts may still be on their way up."""
    config = Config.of_environment()
    control = Control(config)
    os.environ["DJANGO_SETTINGS_MODULE"] = "verify.reference.shop.settings"
    from verify.reference.shop import wsgi
    from verify.reference.shop.state import State

    database = Database(config)
    cache = Cache(config, control)
    metrics = Metrics(config, database, control.counted)
    log = RequestLog((config.root / LOG_FILE).open("a", buffering=1, encoding="utf-8"))
    events = Events(log, config.events)
    products = Products(config, database, cache)
    pages = Pages(config, Health(config, database), products, metrics, Acts(config, cache, events))
    django = wsgi.application(State(config, control, cache, events))
    edge = Edge(config, control, pages, django, metrics, log)
    plain.serve(edge, config.plain_port)
    if config.origin_port:
        plain.serve(Door(edge, control), config.origin_port)
    mail.serve(config, control)
    if config.monitor_port:
        plain.serve(Monitor(control, pages.measured, config.root / LOG_FILE), config.monitor_port, "monitor")
    control.ready()
    return edge
