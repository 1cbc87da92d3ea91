"""What comes in and goes out."""
# mypy: allow-subclassing-any
# Django REST framework ships no types

from decimal import Decimal

from rest_framework import serializers

from verify.reference.shop.models import Booking, Product

_CENT = Decimal("0.01")


class ProductSerializer(serializers.ModelSerializer):
    """A product."""

    price = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=Decimal(0))

    class Meta:
        model = Product
        fields = ("id", "name", "price", "stock", "tag")


class AmountSerializer(serializers.Serializer):
    """The request for a deposit or a withdrawal."""

    amount = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=_CENT)
    tag = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class CanarySerializer(serializers.Serializer):
    """The text a canary task is to work on."""

    text = serializers.CharField(max_length=1000, required=False, default="canary")


def booking(item: Booking) -> dict[str, object]:
    """Return a booking as JSON data; the amount is always positive, the path says which kind."""
    return {
        "id": item.pk,
        "amount": f"{abs(item.amount):.2f}",
        "tag": item.tag,
        "created": item.created.isoformat(),
    }
