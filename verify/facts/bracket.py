"""What a database held while it was backed up by something that we could not give our snapshot."""

from dataclasses import replace

from verify.facts.equality import Manifest, Relation

_WRITTEN = "written to while it was backed up, and not under our snapshot"


def bracketed(before: Manifest, after: Manifest) -> Manifest:
    """Return what the source held all the time from ``before`` to ``after``; pure.

    A relation that is the same in both is proved by either; one that is not is unprovable, and so
    is a fact of the catalogue, which is left out. A sequence has been somewhere between the two.
    """
    names = before.relations.keys() | after.relations.keys()
    relations = {name: _steady(before.relations.get(name), after.relations.get(name)) for name in names}
    later = {what: value for what, value in after.catalogue.items() if what.startswith("sequence-value ")}
    return replace(
        before,
        relations=dict(sorted(relations.items())),
        catalogue={
            what: value
            for what, value in before.catalogue.items()
            if what in later or after.catalogue.get(what) == value
        },
        later=later,
    )


def _steady(before: Relation | None, after: Relation | None) -> Relation:
    one = before or after
    assert one is not None  # noqa: S101 - the name is of one of both
    same = (
        before is not None
        and after is not None
        and (before.columns, before.sums) == (after.columns, after.sums)
    )
    return one if same else replace(one, unprovable=_WRITTEN)
