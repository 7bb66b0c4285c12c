"""Models that someone wrote in a Python file of their own.

The file is executed, as ``python`` would: whoever simulates it trusts whoever wrote it. It holds
one model:

1. what is named ``model``, a component or a composed ``Model`` (or a class made without
   arguments); otherwise
2. the one component that a name at the top of the file stands for; otherwise
3. the one class of the file that has ``rates`` or ``observe``, made without arguments.

A mapping ``theta`` may give parameters values to try the model with. The file stands alone: it
imports what is installed, not its neighbours.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import isfinite
from numbers import Real
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import final

from lymphocast.errors import UsageError
from lymphocast.models.component import Component
from lymphocast.models.model_check import model_faults

SUFFIX = ".py"
SIZE_LIMIT = 1_000_000  # bytes


@final
@dataclass(frozen=True)
class UserModel:
    """A model from a file, and the values that the file gives its parameters."""

    model: Component
    theta: Mapping[str, float] = field(default_factory=dict)


def load_model(path: Path) -> Component:
    """Return the checked model that a Python file defines; the file is executed.

    Raises
    ------
    UsageError
        If the file cannot be read or executed, defines no model or several, or if the model has a
        fault; the message names the file, the line where there is one, and the equation.
    """
    return read_user_model(path).model


def read_user_model(path: Path) -> UserModel:
    """Return the checked model that a Python file defines, with its values.

    Raises
    ------
    UsageError
        As :func:`load_model`, or if ``theta`` does not give numbers to parameters.
    """
    module = _executed(path)
    model = _found(module, path.name)
    faults = model_faults(model)
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        msg = f"{path.name}: {faults[0]}{more}"
        raise UsageError(msg)
    return UserModel(model, _values(module, model, path.name))


def _executed(path: Path) -> ModuleType:
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"{path}: {(error.strerror or 'an error').lower()}; needed a Python file"
        raise UsageError(msg) from error
    if len(content) > SIZE_LIMIT:
        msg = f"{path.name}: found a file over 1 MB; needed a model"
        raise UsageError(msg)
    module = ModuleType(f"lymphocast_user_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        # Without the flags of this module: the file's own `from __future__` lines decide.
        code = compile(content, str(path), "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 (by intent)
    except SyntaxError as error:
        msg = f"{path.name}, line {error.lineno}: {error.msg}"
        raise UsageError(msg) from error
    except (Exception, SystemExit) as error:
        lines = [f.lineno for f in extract_tb(error.__traceback__) if f.filename == str(path)]
        where = f"{path.name}, line {lines[-1]}" if lines else path.name
        kind = "" if isinstance(error, UsageError) else f"{type(error).__name__}: "
        msg = f"{where}: {kind}{error}"
        raise UsageError(msg) from error
    return module


def _found(module: ModuleType, file: str) -> Component:
    """The model of a file, by the rules of this module."""
    if "model" in vars(module):
        return _made(vars(module)["model"], "model", file)
    own = {name: value for name, value in vars(module).items() if not name.startswith("__")}
    made = {n: v for n, v in own.items() if not isinstance(v, type) and _looks_like_one(v)}
    classes = {
        name: value
        for name, value in own.items()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and _looks_like_one(value)
    }
    candidates = made or classes
    if len({id(value) for value in candidates.values()}) != 1:
        listed = ", ".join(candidates) or "none"
        msg = f"{file}: found {listed}; needed one component, or a model named `model`"
        raise UsageError(msg)
    name, value = next(iter(candidates.items()))
    return _made(value, name, file)


def _looks_like_one(value: object) -> bool:
    return not isinstance(value, ModuleType) and any(
        callable(getattr(value, method, None)) for method in ("rates", "observe")
    )


def _made(value: object, name: str, file: str) -> Component:
    """The component itself, or one made of its class."""
    if not _looks_like_one(value):
        msg = f"{file}: found a {type(value).__name__} named `{name}`; needed a component"
        raise UsageError(msg)
    if isinstance(value, type):
        try:
            value = value()
        except Exception as error:
            msg = f"{file}: class '{name}' cannot be made without arguments ({error})"
            raise UsageError(msg) from error
    component: Component = value  # type: ignore[assignment]  # model_faults says whether it is one
    return component


def _values(module: ModuleType, model: Component, file: str) -> dict[str, float]:
    """The numbers that the file gives its parameters."""
    given = vars(module).get("theta", {})
    if not isinstance(given, Mapping):
        msg = f"{file}: found a {type(given).__name__} named `theta`; needed values by parameter"
        raise UsageError(msg)
    known = [p.name for p in model.parameters]
    for name, value in given.items():
        if name not in known:
            near = get_close_matches(str(name), known, 1)
            hint = f"'{near[0]}'?" if near else f"one of {', '.join(known) or 'none'}"
            msg = f"{file}: theta['{name}'] is the value of no parameter; needed {hint}"
            raise UsageError(msg)
        if not isinstance(value, Real) or not isfinite(value):
            msg = f"{file}: found {value!r} for theta['{name}']; needed a finite number"
            raise UsageError(msg)
    return {name: float(value) for name, value in given.items()}
