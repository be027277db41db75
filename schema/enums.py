"""Gives the enums of `app` a public face: a description for the type and for every value."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import strawberry

E = TypeVar("E", bound=Enum)


def public(
    enum: type[E], description: str, values: Mapping[E, str], name: str | None = None
) -> None:
    """Make `enum` part of the public schema. Every member needs its description: KeyError otherwise."""
    strawberry.enum(enum, name=name, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values[enum[value.name]]
