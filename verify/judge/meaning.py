"""What the keys of a model mean: the text below each field, read from the source when it is asked for.

pydantic can do so too, but would whenever a class is made, which each start of pytest would pay for.
"""

import ast
import inspect
from itertools import pairwise

from pydantic import BaseModel

from verify.contract.part import Part
from verify.contract.words import listed

_EXAMPLE = "Example::"


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return one sentence or two by key, as a contract writes the key; nothing where there is no source."""
    try:
        classes = ast.parse(inspect.getsource(model)).body
    except OSError:  # installed as bytecode alone
        return {}
    body = [each for written in classes if isinstance(written, ast.ClassDef) for each in written.body]
    return {
        model.model_fields[field.target.id].alias or field.target.id: " ".join(text.value.value.split())
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def about(model: type) -> str:
    """Return what a class is, by its docstring without the example, and which of its keys are written."""
    said = (inspect.getdoc(model) or "").partition(_EXAMPLE)[0].strip().replace("``", "`")
    if said.startswith(f"{model.__name__}("):
        return ""  # what a dataclass without a docstring says of itself
    if issubclass(model, Part):
        for number, keys in (("Exactly", model.one_of), ("At most", model.at_most_one_of)):
            if keys:
                said += f"\n\n{number} one of {listed([f'`{key}`' for key in keys])} is written."
    return said


def example(model: type) -> str:
    """Return the example of a class, a part of a contract, or nothing."""
    return inspect.cleandoc((inspect.getdoc(model) or "").partition(_EXAMPLE)[2])
