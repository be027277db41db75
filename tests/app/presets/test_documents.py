"""Definition documents of another product, and what they mean."""

from typing import Any

import pytest

from app.core.errors import Invalid
from app.presets.documents import translated

NIL = "00000000-0000-0000-0000-000000000000"
ONE, TWO = "0190a000-0000-7000-8000-000000000001", "0190a000-0000-7000-8000-000000000002"


def entry(key: str = "weather", type_: str = "enum", *values: Any, **more: Any) -> dict[str, Any]:
    return {"key": key, "type": type_, "values": list(values or ("rain",)), **more}


def test_of(key: str, **predicate: Any) -> dict[str, Any]:
    return {"metadata": [{"key": key, "is": predicate}]}


test_of.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (entry("a", "enum", "x", "y"), test_of("a", text={"in": ["x", "y"]})),
        (entry("a", "varchar", "x"), test_of("a", text={"in": ["x"]})),
        (entry("a", "string", "x"), test_of("a", text={"in": ["x"]})),
        (entry("a", "uuid", ONE), test_of("a", text={"in": [ONE]})),
        (entry("a", "number", 1, 2.5), test_of("a", number={"in": [1, 2.5]})),
        (entry("a", "datetime", "2026-01-01T00:00:00Z"), None),
        (entry("a", "boolean", True), test_of("a", flag=True)),
        (entry("a", "boolean", "false"), test_of("a", flag=False)),
        (entry("a", "long_string", "two words"), test_of("a", words='"two words"')),
        (entry("a", "enum", "x", include=False), {"not": test_of("a", text={"in": ["x"]})}),
        (
            entry("a", "boolean", True, False),
            {"or": [test_of("a", flag=True), test_of("a", flag=False)]},
        ),
    ],
)
def test_an_entry_is_a_test_of_its_key(given: dict[str, Any], meant: dict[str, Any] | None) -> None:
    meant = meant or test_of("a", instant={"in": ["2026-01-01T00:00:00Z"]})
    assert translated({"global_filters": {"filters": [given]}}) == {"and": [meant]}


def test_all_of_a_list_hold_and_the_nil_scope_is_everywhere() -> None:
    document = {
        "local_filters": {NIL: {"filters": [entry("b")]}},
        "global_filters": {"filters": [entry("a"), entry("c")]},
    }
    found = translated(document)["and"]
    assert [one["metadata"][0]["key"] for one in found] == ["a", "c", "b"]


def test_filters_of_a_folder_hold_in_that_folder() -> None:
    (found,) = translated({"local_filters": {ONE: {"filters": [entry("a")]}}})["and"]
    assert found["folder"] == {"id": f"fold_{ONE.replace('-', '')}", "recursive": True}
    assert found["and"] == [test_of("a", text={"in": ["rain"]})]


def test_of_several_folders_one_holds() -> None:
    scopes = {ONE: {"filters": [entry("a")]}, TWO: {"filters": [entry("b")]}, NIL: {"filters": []}}
    (found,) = translated({"local_filters": scopes})["and"]
    assert [one["folder"]["id"][-1] for one in found["or"]] == ["1", "2"]


def test_defaults_say_nothing() -> None:
    document = {"local_filters": {NIL: {"filters": []}}, "global_filters": {"filters": []}}
    assert translated(document) == {"and": []}
    assert translated({}) == {"and": []}


def wrong(entry_: Any) -> dict[str, Any]:
    return {"global_filters": {"filters": [entry_]}}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "/: expected an object"),
        ({"filters": []}, "/filters: expected nothing but local_filters, global_filters"),
        ({"global_filters": []}, "/global_filters: expected an object"),
        ({"global_filters": {"filters": {}}}, "/global_filters/filters: expected a list"),
        ({"local_filters": {"x/y": {}}}, "/local_filters/x~1y: expected the UUID of a folder"),
        (wrong(1), "/global_filters/filters/0: expected an object"),
        (wrong({"type": "enum", "values": ["a"]}), "filters/0/key: expected the name"),
        (wrong(entry(type_="colour")), "filters/0/type: expected one of boolean"),
        (wrong(entry(type_=["enum"])), "filters/0/type: expected one of boolean"),  # type: ignore[arg-type]
        (wrong(entry(type_="embedding")), "filters/0/type: expected one of boolean"),
        (wrong({**entry(), "values": []}), "filters/0/values: expected a list of at least one"),
        (wrong(entry("a", "number", "1")), "filters/0/values/0: expected a number, found '1'"),
        (wrong(entry("a", "number", True)), "filters/0/values/0: expected a number"),
        (wrong(entry("a", "boolean", 1)), "filters/0/values/0: expected true or false"),
        (wrong(entry("a", "enum", "x", 2)), "filters/0/values/1: expected a text, found 2"),
        (wrong(entry(include="no")), "filters/0/include: expected true or false"),
        (wrong(entry(operator="gt")), "filters/0/operator: expected nothing but key"),
    ],
)
def test_what_is_unclear_is_refused_with_its_place(document: Any, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        translated(document)
    assert message in refused.value.message
    assert refused.value.field == ("document",)
