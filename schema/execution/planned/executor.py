"""graphql-core's executor with a short cut: lists and objects of known fields are made by generated functions."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from graphql import GraphQLObjectType, OperationType, Undefined, is_abstract_type, is_object_type
from graphql.execution import ExecutionResult

from schema.execution.planned.completion import column, completed, of_any_type
from schema.execution.planned.plan import Wanted, is_introspective
from schema.execution.planned.planner import Planner
from schema.execution.planned.unusual import Unresolved, Unusual


class PlannedExecutor(Planner):
    """Tries the short cut first; whatever does not fit is done again by graphql-core, which tells faults."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._long_roads = 0
        """How many values are on the long road: nothing below them is tried quickly again."""
        self._told: dict[str, Any] = {}
        """The fields of the query as far as the short cut has come."""

    def execute_operation(self, serially: bool | None = None) -> Any:
        """The whole operation by the short cut, if it is a query and every field of it can go that way."""
        roots = self.roots() if self.operation.operation is OperationType.QUERY else None
        long = super().execute_operation
        return long(serially) if roots is None else self._answered(roots, long)

    async def _answered(self, roots: list[Wanted], long: Callable[[], Any]) -> Any:
        """The answer; where fields fail, by the long road, which takes what is known as it is."""
        if len(roots) == 1:
            done = [await self._tried(roots[0])]
        else:
            done = await asyncio.gather(*map(self._tried, roots))
        told = {one.key: value for one, value in zip(roots, done, strict=True)}
        if not any(value is Undefined or isinstance(value, Unresolved) for value in done):
            return ExecutionResult(told)
        self._told = told
        found = long()
        return await found if self.is_awaitable(found) else found

    async def _tried(self, one: Wanted) -> Any:
        """The field of the query; what its resolver failed with, or Undefined if anything else did."""
        query: Any = self.schema.query_type
        try:
            return await self._rooted(one, query, self.root_value)
        except Unresolved as failed:
            return failed
        except Exception:  # whatever it was, the long road tells it with its path
            return Undefined

    def execute_field(
        self, parent_type: Any, source: Any, field_details_list: Any, path: Any, *rest: Any
    ) -> Any:
        """A field of Query by the short cut if everything below it can go that way."""
        long = super().execute_field
        query = self.schema.query_type
        if query is not None and parent_type is query and not self._long_roads:
            one = self.root(query, field_details_list, path.key)
            if one is not None:
                return self._quickest(
                    lambda: self._retold(one, query, source),
                    lambda: long(parent_type, source, field_details_list, path, *rest),
                    lambda error: self._failed(one, error, path),
                )
        return long(parent_type, source, field_details_list, path, *rest)

    async def _retold(self, one: Wanted, query: GraphQLObjectType, source: Any) -> Any:
        """A field of the query, which may have been tried before. Raises if it failed."""
        if not self._told:
            return await self._rooted(one, query, source)
        value = self._told[one.key]
        if isinstance(value, Unresolved):
            raise value
        if value is Undefined:
            raise Unusual
        return value

    def _failed(self, one: Wanted, error: Exception, path: Any) -> None:
        """Tell what a resolver raised, as graphql-core does."""
        self.handle_field_error(error, one.definition.type, one.details, path)

    async def _rooted(self, one: Wanted, query: GraphQLObjectType, source: Any) -> Any:
        assert one.call is not None  # noqa: S101  see root
        given = self.arguments(query, one)
        try:
            value = one.call(source, **given)
            if self.is_awaitable(value):
                value = await value
        except Unusual:
            raise
        except Exception as error:
            raise Unresolved(error) from error
        (done,) = await column(self, one, [value])
        return done

    def complete_list_value(
        self,
        return_type: Any,
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        *rest: Any,
    ) -> Any:
        """A list of objects by the short cut, any other by the long road."""
        item = return_type.of_type
        named = getattr(item, "of_type", item)
        is_nullable = named is item
        is_whole = type(result) is list and (is_nullable or None not in result)
        if is_whole and not self._long_roads and _has_fields(named):
            values = [one for one in result if one is not None]
            long = super().complete_list_value
            return self._quickest(
                lambda: _with_gaps(of_any_type(self, named, field_details_list, values), result),
                lambda: long(return_type, field_details_list, info, path, result, *rest),
            )
        return super().complete_list_value(
            return_type, field_details_list, info, path, result, *rest
        )

    def complete_object_value(
        self,
        return_type: Any,
        field_details_list: Any,
        info: Any,
        path: Any,
        result: Any,
        *rest: Any,
    ) -> Any:
        """An object by the short cut if all of its fields can go that way."""
        long = super().complete_object_value
        is_long = self._long_roads or is_introspective(return_type)
        if is_long or self.plan(return_type, field_details_list).others:
            return long(return_type, field_details_list, info, path, result, *rest)
        plan = self.plan(return_type, field_details_list)
        return self._quickest(
            lambda: _only(completed(self, plan, [result])),
            lambda: long(return_type, field_details_list, info, path, result, *rest),
        )

    async def _quickest(
        self,
        quick: Callable[[], Awaitable[Any]],
        long: Callable[[], Any],
        told: Callable[[Exception], None] | None = None,
    ) -> Any:
        """By the short cut, else by the long road; what a resolver raised is only to be told."""
        try:
            return await quick()
        except Exception as error:
            if told is not None and isinstance(error, Unresolved):
                return told(error.error)
            return await self._longest(long)

    async def _longest(self, long: Callable[[], Any]) -> Any:
        """Whatever was wrong, the long road tells it with its path."""
        self._long_roads += 1
        try:
            found = long()
            return await found if self.is_awaitable(found) else found
        finally:
            self._long_roads -= 1


def _has_fields(named: Any) -> bool:
    return (is_object_type(named) or is_abstract_type(named)) and not is_introspective(named)


async def _with_gaps(quick: Awaitable[list[Any]], result: list[Any]) -> list[Any]:
    """What was made, with the nulls of the list between."""
    made = iter(await quick)
    return [None if one is None else next(made) for one in result]


async def _only(quick: Awaitable[list[Any]]) -> Any:
    return (await quick)[0]
