"""Products, for everybody to see and for staff to change."""
# mypy: allow-subclassing-any
# Django REST framework ships no types

from typing import ClassVar

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from verify.reference.shop import state
from verify.reference.shop.access import IsStaff
from verify.reference.shop.models import Product
from verify.reference.shop.money import refuse_broken_deletes
from verify.reference.shop.serializers import ProductSerializer


def _changed() -> None:
    transaction.on_commit(state.current().cache.forget_products)


class Products(APIView):
    """The list; reading it is served by the front without coming here."""

    permission_classes: ClassVar = [IsStaff]

    def get(self, _request: Request) -> Response:
        """Return the products, for a request the front did not take."""
        found = ProductSerializer(Product.objects.all()[:100], many=True).data
        return Response({"count": len(found), "results": found})

    def post(self, request: Request) -> Response:
        """Add a product."""
        wanted = ProductSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        with transaction.atomic():
            wanted.save()
            _changed()
        return Response(wanted.data, 201)


class OneProduct(APIView):
    """One product."""

    permission_classes: ClassVar = [IsStaff]

    def get(self, _request: Request, pk: int) -> Response:
        """Return it."""
        return Response(ProductSerializer(Product.objects.get(pk=pk)).data)

    def delete(self, _request: Request, pk: int) -> Response:
        """Remove it."""
        refuse_broken_deletes()
        with transaction.atomic():
            Product.objects.get(pk=pk).delete()
            _changed()
        return Response(status=204)
