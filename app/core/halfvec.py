"""Vectors of half precision on their way to PostgreSQL and back, in pgvector's binary form.

That form is the number of dimensions and a nought, 16 bits each, then the components as 16-bit floats; all of it
big-endian. A statement takes such bytes, or an array of numbers; rows bring arrays of 32-bit floats.
"""

import struct
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import asyncpg

Floats = NDArray[np.float32]

_HEAD = struct.Struct(">HH")
_HALF = np.dtype(">f2")
_SCHEMA = (
    "select n.nspname from pg_type t join pg_namespace n on n.oid = t.typnamespace"
    " where t.typname = 'halfvec' limit 1"
)


def pack(values: ArrayLike) -> bytes:
    """The binary form of a vector, rounded to half precision. Its components lie within ±65,504."""
    components = np.asarray(values, dtype=np.float32).astype(_HALF)
    return _HEAD.pack(components.size, 0) + components.tobytes()


def unpack(data: bytes) -> Floats:
    """The components of a vector in the binary form."""
    return np.frombuffer(data, dtype=_HALF, offset=_HEAD.size).astype(np.float32)


async def register(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Teach a connection the form; one to a database without pgvector stays as it is."""
    schema = await connection.fetchval(_SCHEMA)
    if schema is not None:
        await connection.set_type_codec(
            "halfvec", schema=schema, encoder=_packed, decoder=unpack, format="binary"
        )


def _packed(value: "bytes | ArrayLike") -> bytes:
    return value if isinstance(value, bytes) else pack(value)
