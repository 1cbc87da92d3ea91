"""Bookings on accounts: atomic, never below zero."""
# mypy: allow-subclassing-any
# Django REST framework ships no types

from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from verify.reference.shop import state
from verify.reference.shop.models import Account, Booking
from verify.reference.shop.serializers import AmountSerializer, booking


def _move(account: Account, amount: Decimal) -> None:
    """Add ``amount`` to the balance in one statement; refuse what would make it negative."""
    moved = Account.objects.filter(pk=account.pk, balance__gte=-amount).update(balance=F("balance") + amount)
    if not moved:
        raise ValidationError({"detail": "The balance is too small."})


def _book(user: User, request: Request, sign: int, *, counts: bool) -> Booking:
    wanted = AmountSerializer(data=request.data)
    wanted.is_valid(raise_exception=True)
    amount = sign * wanted.validated_data["amount"]
    with transaction.atomic():
        account = Account.objects.get(owner=user)
        if counts:
            _move(account, amount)
        made: Booking = Booking.objects.create(
            account=account, amount=amount, tag=wanted.validated_data["tag"]
        )
    _log(request, "transaction_created", made, "pending")
    _log(request, "transaction_completed", made, "completed")
    return made


def _log(request: Request, event: str, item: Booking, status: str) -> None:
    held = state.current()
    held.events.write(
        request.META,
        held.control.behaviour(),
        event,
        transaction_id=str(item.pk),
        user_id=request.user.username,
        type="deposit" if item.amount > 0 else "withdrawal",
        amount=f"{abs(item.amount):.2f}",
        status=status,
    )


class MyAccount(APIView):
    """The caller's own account."""

    def get(self, request: Request) -> Response:
        """Return owner and balance."""
        account = Account.objects.select_related("owner").get(owner=request.user)
        return Response({"owner": account.owner.username, "balance": f"{account.balance:.2f}"})


class Deposits(APIView):
    """The caller's deposits."""

    def get(self, request: Request) -> Response:
        """Return the latest deposits."""
        items = Booking.objects.filter(account__owner=request.user, amount__gt=0).order_by("-id")[:100]
        return Response({"results": [booking(item) for item in items]})

    def post(self, request: Request) -> Response:
        """Pay in."""
        counts = state.current().control.behaviour().deposits_count
        return Response(booking(_book(request.user, request, 1, counts=counts)), 201)


class Deposit(APIView):
    """One deposit of the caller."""

    def get(self, request: Request, pk: int) -> Response:
        """Return it."""
        return Response(booking(Booking.objects.get(pk=pk, account__owner=request.user, amount__gt=0)))

    def delete(self, request: Request, pk: int) -> Response:
        """Take it back, with its money."""
        refuse_broken_deletes()
        with transaction.atomic():
            mine = Booking.objects.select_for_update().filter(account__owner=request.user, amount__gt=0)
            item: Any = mine.get(pk=pk)
            if state.current().control.behaviour().deposits_count:
                _move(item.account, -item.amount)
            _log(request, "transaction_updated", item, "reversed")
            item.delete()
        return Response(status=204)


class Withdrawal(APIView):
    """One withdrawal of the caller."""

    def delete(self, request: Request, pk: int) -> Response:
        """Take it back, with its money."""
        refuse_broken_deletes()
        with transaction.atomic():
            mine = Booking.objects.select_for_update().filter(account__owner=request.user, amount__lt=0)
            item: Any = mine.get(pk=pk)
            _move(item.account, -item.amount)
            item.delete()
        return Response(status=204)


class Withdrawals(APIView):
    """The caller's withdrawals."""

    def post(self, request: Request) -> Response:
        """Pay out."""
        return Response(booking(_book(request.user, request, -1, counts=True)), 201)


def refuse_broken_deletes() -> None:
    """Answer 500 while a fault breaks deleting."""
    if not state.current().control.behaviour().deletes:
        msg = "Nothing can be deleted."
        raise APIException(msg)
