"""How a typed value is read in SQL: the one printer for index definitions and for conditions.

PostgreSQL uses an index on an expression only if the query says the very same expression, collation
included. The casts are NULL on a value of another type and never an error; being plpgsql, leakproof
and immutable they reach their index below row-level security too (an SQL function does not: it is
inlined, and its insides are not leakproof). Creating them takes a superuser.

An index is built on what a function answered then: never change a body, add a version and rebuild.
Date-times are numbers here. Doubles hold whole microseconds until the year 2255; far later ones
are compared to within 32 microseconds.
"""

from app.metadata.kinds import Enumeration, Scalar, ScalarKind

MD_NUM = """\
CREATE FUNCTION md_num_v1(attrs jsonb, name text) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS $$
DECLARE
    exact numeric;
BEGIN
    IF jsonb_typeof(attrs -> name) IS DISTINCT FROM 'number' THEN
        RETURN NULL;
    END IF;
    exact := (attrs -> name)::numeric;
    IF exact <> 0 AND abs(exact) NOT BETWEEN 5e-324 AND 1.7976931348623157e308 THEN
        RETURN NULL;
    END IF;
    RETURN exact::double precision;
END
$$"""
"""Numbers and date-times. Out of the range of doubles is NULL, since the cast would raise."""

MD_TXT = """\
CREATE FUNCTION md_txt_v1(attrs jsonb, name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS $$
BEGIN
    IF jsonb_typeof(attrs -> name) IS DISTINCT FROM 'string' THEN
        RETURN NULL;
    END IF;
    RETURN attrs ->> name;
END
$$"""
"""Varchars, enumerations and UUIDs."""

MD_BOOL = """\
CREATE FUNCTION md_bool_v1(attrs jsonb, name text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS $$
BEGIN
    IF jsonb_typeof(attrs -> name) IS DISTINCT FROM 'boolean' THEN
        RETURN NULL;
    END IF;
    RETURN (attrs -> name)::boolean;
END
$$"""

FUNCTIONS = (MD_NUM, MD_TXT, MD_BOOL)
"""What the database has to know before the first expression, one statement each."""

_NUMERIC = {ScalarKind.NUMBER, ScalarKind.DATETIME}


def attribute(number: int) -> str:
    """The name of a key in the typed document."""
    return f"k{number:d}"


def expression(type_: Scalar | Enumeration, number: int, *, column: str = "attrs") -> str:
    """The value of a key as SQL, to be put into an index or a condition as it is.

    `column` is the typed document, qualified if the query needs it; it is SQL, never user input.
    A text has no value here (ValueError): it lives in the full-text table.
    """
    value = f"({column},'{attribute(number)}')"
    if type_ == Scalar(ScalarKind.TEXT):
        raise ValueError("a text is searched by words, it has no expression")
    if type_ == Scalar(ScalarKind.BOOLEAN):
        return f"md_bool_v1{value}"
    if isinstance(type_, Scalar) and type_.kind in _NUMERIC:
        return f"md_num_v1{value}"
    return f'(md_txt_v1{value} COLLATE "C")'
