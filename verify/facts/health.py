"""Reads health answers, which every system words in its own way."""

from collections import deque

# the vocabulary of draft-inadarei-api-health-check-06, section 3.1, and of common libraries
WELL = frozenset({"ok", "up", "pass", "passing", "healthy", "connected", "available", "working", "true"})
MOST_MEMBERS = 10_000


def find_member(body: object, name: str) -> tuple[bool, object]:
    """Return whether an object has a member ``name``, at the least depth, and its value."""
    waiting: deque[object] = deque([body])
    for _ in range(MOST_MEMBERS):
        if not waiting:
            break
        value = waiting.popleft()
        if isinstance(value, dict):
            if name in value:
                return True, value[name]
            waiting.extend(value.values())
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, dict) and one.get("name") == name:
                    return True, one
            waiting.extend(value)
    return False, None


def is_well(value: object) -> bool:
    """Tell whether a dependency's value says that it is well."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.lower() in WELL
    if isinstance(value, dict):
        words = [value[key] for key in ("status", "state", "healthy", "ok") if key in value]
        return bool(words) and all(is_well(word) for word in words)
    return False
