"""Django's own commands on the database of ``DATABASE_URL``, such as ``migrate shop zero``.

The reference's team calls it ``shop-manage``.
"""

import os
import sys

from psycopg.conninfo import conninfo_to_dict

#: the name that the reference has it under
PROGRAM = "shop-manage"
#: the second comes with the next release, which does not run yet
OWN = ("verify.reference.shop", "verify.reference.release")
_CONNECT = 10  # seconds


def main() -> None:
    """Run the command of the arguments on the database of ``DATABASE_URL``."""
    import django
    from django.conf import settings
    from django.core.management import execute_from_command_line

    at = conninfo_to_dict(os.environ["DATABASE_URL"])
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", *OWN],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": at.get("dbname", ""),
                "USER": at.get("user", ""),
                "PASSWORD": at.get("password", ""),
                "HOST": at.get("host", ""),
                "PORT": at.get("port", ""),
                "OPTIONS": {"connect_timeout": _CONNECT},
            }
        },
    )
    django.setup(set_prefix=False)
    execute_from_command_line([PROGRAM, *sys.argv[1:]])


if __name__ == "__main__":
    main()
