"""Accounts, what was booked on them, and products."""
# mypy: allow-subclassing-any
# Django ships no types

from typing import ClassVar

from django.contrib.auth.models import User
from django.db import models


class Account(models.Model):
    """The account of one user; the database itself refuses a balance below zero."""

    owner = models.OneToOneField(User, on_delete=models.CASCADE, related_name="account")
    balance = models.DecimalField(max_digits=14, decimal_places=2, default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(balance__gte=0), name="balance_not_negative")
        ]

    def __str__(self) -> str:
        """Name the account by its owner."""
        return f"account of {self.owner_id}"


class Booking(models.Model):
    """One change of a balance: positive for a deposit, negative for a withdrawal."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="bookings")
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    tag = models.CharField(max_length=100, blank=True, default="")
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        """Show the amount."""
        return f"{self.amount} on account {self.account_id}"


class Product(models.Model):
    """Something for sale; ``tag`` marks what a check has created."""

    name = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    stock = models.PositiveIntegerField(default=0)
    tag = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        """Show the name."""
        return str(self.name)
