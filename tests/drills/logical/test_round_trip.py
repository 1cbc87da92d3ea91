"""What was backed up comes back as it was, in every form."""

import pytest

from verify.drills.postgres.address import Address
from verify.drills.postgres.engines import Dumps
from verify.drills.postgres.logical import Packing
from verify.drills.postgres.roundtrip import Drill, restore_drill
from verify.effects.redact import Redactor
from verify.facts.backup import Outcome

QUICK = {("custom", "gzip"), ("custom", "zstd"), ("directory", "none"), ("plain", "gzip")}
FORMS = [
    pytest.param(form, how, marks=() if (form, how) in QUICK else pytest.mark.nightly)
    for form in ("custom", "directory", "plain")
    for how in ("none", "gzip", "zstd")
]


@pytest.mark.parametrize(("form", "how"), FORMS)
def test_every_form_is_equal(place, source: Address, store, drills, form: str, how: str) -> None:
    ended = restore_drill(
        Drill(
            backup="db",
            engine=Dumps(how=Packing(format=form, compress=how)),
            store=store,
            journal=drills,
            redactor=Redactor(),
            source=source,
            scratch=place.server.address,
            deadline=60,
        )
    )
    assert (ended.outcome, ended.reason) == (Outcome.EQUAL, "")
