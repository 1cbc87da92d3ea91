"""The application's name for Django."""
# mypy: allow-subclassing-any
# Django ships no types

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """Short label: tables are called ``shop_…``."""

    name = "verify.reference.shop"
    label = "shop"
