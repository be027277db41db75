"""How a data group shows its files (domain 2.9): the rules of its layout, pure.

A layout tree is JSON. A split is
    {"direction": "row" | "column", "first": node, "second": node, "splitPercentage": 5..95}
and a leaf names tiles by their keys, each tile once:
    {"type": "data_unit", "key": key}
    {"type": "data_unit_list", "keys": [key], "carouselPosition": "left" | "right" | "top" | "bottom",
     "carouselSize": 10..70}
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from app.core.errors import Invalid, Path, TooLarge
from app.core.texts import is_storable

MOST_FILES = 1_000
MOST_LEVELS = 32
LONGEST_KEY = 255
LONGEST_TITLE = 255
SPLIT_PERCENT = (5, 95)
CAROUSEL_PERCENT = (10, 70)
DIRECTIONS = ("row", "column")
SIDES = ("left", "right", "top", "bottom")


class LayoutType(StrEnum):
    """The kinds of layout; the values are those of the wire."""

    GRID = "default-grid"
    LIST = "default-list"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Tile:
    """How one tile of a custom layout is shown."""

    title: str | None = None
    is_read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """A custom layout. `keys` are the tiles' names, each of one file."""

    keys: Sequence[str]
    tree: object
    timeline: Sequence[str] = ()
    """Tiles that share a timeline."""
    is_fixed: bool = False
    tiles: Mapping[str, Tile] = field(default_factory=dict)
    has_multilayer_labels: bool = False


def check_files(count: int, distinct: int, *, at: Path) -> None:
    """Raises Invalid unless there are 1 to 1,000 files, no one of them twice."""
    if not count:
        raise Invalid("A composite has at least one file.", field=at)
    if count > MOST_FILES:
        raise TooLarge(f"{count:,} files; at most {MOST_FILES:,} in a composite.", field=at)
    if distinct != count:
        raise Invalid("A file is named twice.", field=at)


def check_multilayer(sizes: Sequence[tuple[int | None, int | None]], count: int) -> None:
    """Raises Invalid unless all of the `count` files are images (of these sizes) of one aspect ratio."""
    at = ("layout", "custom", "has_multilayer_labels")
    if len(sizes) != count:
        raise Invalid("Labels on several layers need images only.", field=at)
    ratios = {Fraction(width, height) if width and height else None for width, height in sizes}
    if None in ratios or len(ratios) > 1:
        raise Invalid("Labels on several layers need images of one known aspect ratio.", field=at)


def simple(kind: LayoutType) -> dict[str, Any]:
    """A grid or a list as it is stored."""
    return {"layout_type": kind.value}


def custom(layout: Custom, *, at: Path = ("layout", "custom")) -> dict[str, Any]:
    """A custom layout as it is stored. Raises Invalid, with the path, for the first rule that it breaks."""
    _check_keys(layout.keys, (*at, "contents"))
    shown = list(_shown(layout.tree, (*at, "layout")))
    _check_shown(layout.keys, shown, (*at, "layout"))
    _check_known(layout.timeline, layout.keys, (*at, "timeline"))
    _check_known(list(layout.tiles), layout.keys, (*at, "tiles"))
    for tile in layout.tiles.values():
        _check_text(tile.title or "", LONGEST_TITLE, (*at, "tiles"))
    return {
        "layout_type": LayoutType.CUSTOM.value,
        "layout": layout.tree,
        "timeline": list(layout.timeline),
        "settings": {
            "fixedLayout": layout.is_fixed,
            "tileSettings": {key: _written(tile) for key, tile in layout.tiles.items()},
            "hasMultilayerLabels": layout.has_multilayer_labels,
        },
    }


def _written(tile: Tile) -> dict[str, Any]:
    title = {} if tile.title is None else {"title": tile.title}
    return title | {"isReadOnly": tile.is_read_only}


def _shown(node: object, at: Path, level: int = 1) -> Iterator[str]:
    """The keys that the tree shows, in order, after a look at each node."""
    if level > MOST_LEVELS:
        raise TooLarge(f"A layout nests at most {MOST_LEVELS} levels deep.", field=at)
    members = _object(node, at)
    if "direction" in members:
        _check_split(members, at)
        yield from _shown(members["first"], (*at, "first"), level + 1)
        yield from _shown(members["second"], (*at, "second"), level + 1)
        return
    match members.get("type"):
        case "data_unit":
            _check_members(members, {"type", "key"}, at)
            yield _key(members["key"], (*at, "key"))
        case "data_unit_list":
            yield from _listed(members, at)
        case _:
            raise Invalid(
                "A node of a layout is a split with a direction, or of type data_unit or data_unit_list.",
                field=at,
            )


def _listed(members: Mapping[str, Any], at: Path) -> Iterator[str]:
    _check_members(members, {"type", "keys", "carouselPosition", "carouselSize"}, at)
    if members["carouselPosition"] not in SIDES:
        raise Invalid(f"One of {', '.join(SIDES)}.", field=(*at, "carouselPosition"))
    _check_percent(members["carouselSize"], CAROUSEL_PERCENT, (*at, "carouselSize"))
    keys = members["keys"]
    if not isinstance(keys, list) or not keys:
        raise Invalid("A list of at least one key.", field=(*at, "keys"))
    for position, key in enumerate(keys):
        yield _key(key, (*at, "keys", position))


def _check_split(members: Mapping[str, Any], at: Path) -> None:
    _check_members(members, {"direction", "first", "second", "splitPercentage"}, at)
    if members["direction"] not in DIRECTIONS:
        raise Invalid("A direction is row or column.", field=(*at, "direction"))
    _check_percent(members["splitPercentage"], SPLIT_PERCENT, (*at, "splitPercentage"))


def _check_members(members: Mapping[str, Any], expected: set[str], at: Path) -> None:
    if members.keys() != expected:
        listed = ", ".join(sorted(expected))
        raise Invalid(f"This node has exactly the members {listed}.", field=at)


def _check_percent(value: object, bounds: tuple[int, int], at: Path) -> None:
    low, high = bounds
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Invalid(f"A number from {low} to {high}.", field=at)


def _check_shown(keys: Sequence[str], shown: Sequence[str], at: Path) -> None:
    _check_known(shown, keys, at)
    if missing := sorted(set(keys) - set(shown)):
        raise Invalid(f"The layout does not show {missing[0]!r}; show every tile.", field=at)


def _check_known(named: Sequence[str], keys: Sequence[str], at: Path) -> None:
    """Each is the key of a tile, and none comes twice."""
    if unknown := sorted(set(named) - set(keys)):
        raise Invalid(f"{unknown[0][:80]!r} is the key of no tile.", field=at)
    if len(set(named)) != len(named):
        raise Invalid("A key is named twice.", field=at)


def _check_keys(keys: Sequence[str], at: Path) -> None:
    for position, key in enumerate(keys):
        if not key:
            raise Invalid("A key is not empty.", field=(*at, position))
        _check_text(key, LONGEST_KEY, (*at, position))
    if len(set(keys)) != len(keys):
        raise Invalid("Two tiles have the same key.", field=at)


def _check_text(text: str, most: int, at: Path) -> None:
    if len(text) > most or not is_storable(text):
        raise Invalid(f"At most {most} characters, without U+0000.", field=at)


def _key(value: object, at: Path) -> str:
    if not isinstance(value, str):
        raise Invalid("A key is a string.", field=at)
    return value


def _object(value: object, at: Path) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Invalid("A node of a layout is an object.", field=at)
    return value
