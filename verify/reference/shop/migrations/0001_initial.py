"""Products, accounts and bookings."""
# mypy: allow-subclassing-any
# Django ships no types

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")
_CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    """The first one."""

    initial = True
    dependencies: ClassVar = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", _ID.clone()),
                ("name", models.CharField(max_length=200)),
                ("price", models.DecimalField(decimal_places=2, max_digits=10)),
                ("stock", models.PositiveIntegerField(default=0)),
                ("tag", models.CharField(blank=True, default="", max_length=100)),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", _ID.clone()),
                ("balance", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                (
                    "owner",
                    models.OneToOneField(
                        on_delete=_CASCADE, related_name="account", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Booking",
            fields=[
                ("id", _ID.clone()),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12)),
                ("tag", models.CharField(blank=True, default="", max_length=100)),
                ("created", models.DateTimeField(auto_now_add=True)),
                (
                    "account",
                    models.ForeignKey(on_delete=_CASCADE, related_name="bookings", to="shop.account"),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("balance__gte", 0)), name="balance_not_negative"
            ),
        ),
    ]
