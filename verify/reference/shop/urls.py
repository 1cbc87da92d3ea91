"""Where the views are, below the stated prefix of the API."""

from django.urls import path

from verify.reference.shop import canary, catalogue, failing, money, tasks
from verify.reference.shop.state import current

_API = current().config.api.lstrip("/")
_FAILURE = current().config.failure.lstrip("/")

urlpatterns = [
    path(f"{_API}products/", catalogue.Products.as_view()),
    path(f"{_API}products/<int:pk>/", catalogue.OneProduct.as_view()),
    path(f"{_API}accounts/me/", money.MyAccount.as_view()),
    path(f"{_API}deposits/", money.Deposits.as_view()),
    path(f"{_API}deposits/<int:pk>/", money.Deposit.as_view()),
    path(f"{_API}withdrawals/", money.Withdrawals.as_view()),
    path(f"{_API}withdrawals/<int:pk>/", money.Withdrawal.as_view()),
    path(f"{_API}canary/", canary.Canary.as_view()),
    path(f"{_API}tasks/", tasks.Tasks.as_view()),
    path(f"{_API}tasks/<str:task>/", tasks.OneTask.as_view()),
    path(_FAILURE, failing.fail),
]

handler400 = "verify.reference.shop.errors.bad_request"
handler404 = "verify.reference.shop.errors.not_found"
handler500 = "verify.reference.shop.errors.server_error"
