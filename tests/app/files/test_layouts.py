"""The rules of a data group's layout."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.files import layouts
from app.files.layouts import Custom, LayoutType, Tile

A, B = {"type": "data_unit", "key": "a"}, {"type": "data_unit", "key": "b"}


def split(first: object, second: object, **members: object) -> dict[str, object]:
    """A split of two nodes."""
    rest = {"direction": "row", "splitPercentage": 50} | members
    return {"first": first, "second": second} | rest


def carousel(*keys: object, **members: object) -> dict[str, object]:
    """A list of tiles."""
    rest = {"carouselPosition": "left", "carouselSize": 10} | members
    return {"type": "data_unit_list", "keys": list(keys)} | rest


@pytest.mark.parametrize(
    ("keys", "tree"),
    [
        (["a"], A),
        (["a", "b"], split(A, B)),
        (["b", "a"], split(B, A, direction="column", splitPercentage=5)),
        (["a", "b"], split(A, B, splitPercentage=95)),
        (["a", "b"], split(A, B, splitPercentage=33.3)),
        (["a", "b"], carousel("a", "b", carouselSize=70)),
        (["a", "b", "c"], split(carousel("c", carouselPosition="bottom"), split(A, B))),
    ],
)
def test_a_tree_that_shows_every_tile_once_is_kept(keys: list[str], tree: object) -> None:
    stored = layouts.custom(Custom(keys=keys, tree=tree))
    assert stored["layout"] == tree
    assert stored["layout_type"] == "custom"


@pytest.mark.parametrize(
    ("tree", "at"),
    [
        (None, ()),
        ([], ()),
        ({}, ()),
        ({"type": "video"}, ()),
        ({"type": "data_unit"}, ()),
        ({"type": "data_unit", "key": "a", "more": 1}, ()),
        ({"type": "data_unit", "key": 1}, ("key",)),
        (A, ()),
        (split(A, A), ()),
        (split(A, {"type": "data_unit", "key": "z"}), ()),
        (split(A, B, direction="up"), ("direction",)),
        (split(A, B, splitPercentage=4), ("splitPercentage",)),
        (split(A, B, splitPercentage=96), ("splitPercentage",)),
        (split(A, B, splitPercentage=True), ("splitPercentage",)),
        (split(A, B, splitPercentage="50"), ("splitPercentage",)),
        (split(A, B, more=1), ()),
        (split(A, None), ("second",)),
        (carousel("a", "b", carouselPosition="middle"), ("carouselPosition",)),
        (carousel("a", "b", carouselSize=9), ("carouselSize",)),
        (carousel("a", "b", carouselSize=71), ("carouselSize",)),
        (carousel(), ("keys",)),
        (carousel("a", 2), ("keys", 1)),
    ],
)
def test_a_broken_tree_is_refused_where_it_breaks(tree: object, at: tuple[Any, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        layouts.custom(Custom(keys=["a", "b"], tree=tree), at=())
    assert refused.value.field == ("layout", *at)


def test_a_tree_nests_so_deep_and_no_deeper() -> None:
    keys = [f"k{number}" for number in range(33)]
    tree: object = {"type": "data_unit", "key": keys[0]}
    for key in keys[1:32]:
        tree = split(tree, {"type": "data_unit", "key": key})
    assert layouts.custom(Custom(keys=keys[:32], tree=tree))
    deeper = split(tree, {"type": "data_unit", "key": keys[32]})
    with pytest.raises(Invalid, match="32 levels"):
        layouts.custom(Custom(keys=keys, tree=deeper))


@pytest.mark.parametrize(
    ("more", "at"),
    [
        ({"keys": ["a", "a"]}, ("contents",)),
        ({"keys": ["", "b"]}, ("contents", 0)),
        ({"keys": ["a", "\0"]}, ("contents", 1)),
        ({"keys": ["a", "x" * 256]}, ("contents", 1)),
        ({"timeline": ["z"]}, ("timeline",)),
        ({"timeline": ["a", "a"]}, ("timeline",)),
        ({"tiles": {"z": Tile("x")}}, ("tiles",)),
        ({"tiles": {"a": Tile("\0")}}, ("tiles",)),
        ({"tiles": {"a": Tile("x" * 256)}}, ("tiles",)),
    ],
)
def test_a_broken_setting_is_refused_where_it_breaks(
    more: dict[str, Any], at: tuple[Any, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        layouts.custom(Custom(**({"keys": ["a", "b"], "tree": split(A, B)} | more)), at=())
    assert refused.value.field == at


@pytest.mark.parametrize(
    ("sizes", "count", "is_fine"),
    [
        ([(640, 480), (1280, 960)], 2, True),
        ([(640, 480), (640, 481)], 2, False),
        ([(640, 480)], 2, False),
        ([(640, 480), (None, None)], 2, False),
        ([(None, None)], 1, False),
    ],
)
def test_labels_on_layers_need_images_of_one_shape(
    sizes: list[tuple[int | None, int | None]], count: int, is_fine: bool
) -> None:
    if is_fine:
        layouts.check_multilayer(sizes, count)
        return
    with pytest.raises(Invalid):
        layouts.check_multilayer(sizes, count)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                ["type", "key", "keys", "direction", "first", "second", "splitPercentage"]
            ),
            inner,
        )
    ),
)


@given(JSON)
def test_no_json_breaks_the_check_itself(tree: object) -> None:
    try:
        layouts.custom(Custom(keys=["a"], tree=tree))
    except Invalid:
        return
    assert tree == A


@pytest.mark.parametrize("kind", [LayoutType.GRID, LayoutType.LIST])
def test_a_simple_layout_is_its_name(kind: LayoutType) -> None:
    assert layouts.simple(kind) == {"layout_type": kind.value}
