"""Django's settings for one run, as far as they come from its configuration."""

from verify.reference.config import Config

_CONFIG = Config.of_environment()

SECRET_KEY = _CONFIG.secret
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "verify.reference.shop"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "verify.reference.shop.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING_CONFIG = None  # the edge logs each request; errors go to standard error
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _CONFIG.database["name"],
        "USER": _CONFIG.database["user"],
        "HOST": _CONFIG.database["host"],
        "PORT": _CONFIG.database["port"],
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 2, "options": "-c statement_timeout=5000"},
    }
}
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["verify.reference.shop.access.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["verify.reference.shop.access.QuotaThrottle"],
    "EXCEPTION_HANDLER": "verify.reference.shop.errors.handler",
}
