"""The rules that a vector obeys before it is stored: as many finite numbers as its key says, not all zero.

What is kept is of half precision (16 bits a component), so components lie within ±65,504 and differ from zero if
they are above 2^-25.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.core import halfvec
from app.core.errors import Invalid, Path, TooLarge
from app.core.halfvec import Floats
from app.metadata.values import HALF_PRECISION_MAX, HALF_PRECISION_ZERO

FLOAT_BYTES = 4
_SENT = np.dtype("<f4")


def to_halfvec(values: object, dimensions: int, *, field: Path = ("vector",)) -> bytes:
    """A vector as the database takes it, from a list of numbers or base64 of little-endian 32-bit floats.

    Raises Invalid or TooLarge with the path of the component at fault, if it is one's.
    """
    return halfvec.pack(checked(values, dimensions, field=field))


def checked(values: object, dimensions: int, *, field: Path = ("vector",)) -> Floats:
    """The same as 32-bit floats, for what is searched for."""
    components = _components(values, field)
    if components.size != dimensions:
        raise Invalid(
            f"This key has {dimensions:,} dimensions; this vector has {components.size:,}.",
            field=field,
        )
    _check_range(components, field)
    return components.astype(np.float32, copy=False)


def to_text(components: Floats) -> str:
    """Base64 of the components as little-endian 32-bit floats."""
    return base64.b64encode(components.astype(_SENT, copy=False).tobytes()).decode()


def _components(values: object, field: Path) -> NDArray[Any]:
    if isinstance(values, str):
        return _of_text(values, field)
    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, list | tuple):
        return _of_numbers(values, field)
    raise Invalid("A vector is a list of numbers, or base64 of 32-bit floats.", field=field)


def _of_text(text: str, field: Path) -> Floats:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(
            "A vector that is a text is base64 of little-endian 32-bit floats.", field=field
        ) from error
    if len(data) % FLOAT_BYTES:
        raise Invalid(
            f"A component has {FLOAT_BYTES} bytes; {len(data):,} bytes are no whole number of them.",
            field=field,
        )
    return np.frombuffer(data, dtype=_SENT).astype(np.float32)


def _of_numbers(values: Sequence[object], field: Path) -> NDArray[Any]:
    if not set(map(type, values)) <= {int, float}:
        position = next(i for i, value in enumerate(values) if type(value) not in {int, float})
        raise Invalid("A component is a number.", field=(*field, position))
    try:
        return np.array(values, dtype=np.float64)
    except OverflowError as error:
        raise _too_large(field) from error


def _check_range(components: NDArray[Any], field: Path) -> None:
    """Raises for the first component that is not finite or too large, and for a vector without a direction."""
    sizes = np.abs(components)
    largest = sizes.max()
    if not largest <= HALF_PRECISION_MAX:  # also true of a NaN
        _name_the_first(components, field)
    if largest <= HALF_PRECISION_ZERO:
        raise Invalid(
            "A vector has a direction; this one has zeros only, in half precision.", field=field
        )


def _name_the_first(components: NDArray[Any], field: Path) -> None:
    position = int(np.argmin(np.abs(components) <= HALF_PRECISION_MAX))
    place = (*field, position)
    if not np.isfinite(components[position]):
        raise Invalid("A component is a finite number; NaN and infinities are none.", field=place)
    raise _too_large(place)


def _too_large(field: Path) -> TooLarge:
    return TooLarge(f"A component lies within ±{HALF_PRECISION_MAX:,}.", field=field)
