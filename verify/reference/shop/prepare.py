"""Migrates and seeds a fresh database: what a template is made with."""

import os
from decimal import Decimal

from verify.reference.config import USERS, Config

_CONNECT = 10  # seconds
_PRODUCTS = (
    ("Belt, brown", "39.90", 40),
    ("Wallet, black", "54.00", 25),
    ("Satchel", "149.00", 8),
    ("Key ring", "9.50", 200),
    ("Laptop sleeve", "79.00", 15),
)


def main() -> None:
    """Create the database with all tables, the users with their accounts, and some products."""
    create(Config.of_environment().database)
    os.environ["DJANGO_SETTINGS_MODULE"] = "verify.reference.shop.settings"
    import django
    from django.core.management import call_command

    django.setup(set_prefix=False)
    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    from django.contrib.auth.models import User

    from verify.reference.shop.models import Account, Product

    for name in USERS:
        user = User(username=name, is_staff=name == "staff")
        user.set_unusable_password()
        user.save()
        Account.objects.create(owner=user, balance=Decimal(100))
    for name, price, stock in _PRODUCTS:
        Product.objects.create(name=name, price=Decimal(price), stock=stock)


def create(at: dict[str, str]) -> None:
    """Create the role and the database of the application, as the server's superuser."""
    import psycopg
    from psycopg import sql
    from psycopg.conninfo import make_conninfo

    where = {"host": at["host"], "port": at["port"], "user": "postgres", "dbname": "postgres"}
    with psycopg.connect(make_conninfo("", **where), autocommit=True, connect_timeout=_CONNECT) as connection:
        owner, name = sql.Identifier(at["user"]), sql.Identifier(at["name"])
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(owner))
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))


if __name__ == "__main__":
    main()
