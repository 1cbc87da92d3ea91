"""A table for notices; the release that runs now does not look at it."""
# mypy: allow-subclassing-any
# Django ships no types

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """The first one."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar = [
        migrations.RunSQL(
            "CREATE TABLE release_notice (id bigint PRIMARY KEY, words varchar(200) NOT NULL)",
            "DROP TABLE release_notice",
        )
    ]
