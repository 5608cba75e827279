"""What all tables share: the names of constraints, common column types, the declarative base."""

import datetime as dt
import enum
from decimal import Decimal
from typing import Annotated, Any, Literal

from sqlalchemy import BigInteger, DateTime, Enum, Identity, Integer, MetaData, Numeric, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

from lmskit.limits import CONTROL_CHARACTERS, INVISIBLE_CHARACTERS

NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
"""Names are part of the schema: an error message starts from the name of the constraint that was violated."""


class Base(DeclarativeBase):
    """Every table of lmskit. Tables live in the schema `lms`, which is first in the database's search path."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this attribute from the class
        str: Text(),
        int: BigInteger(),
        dt.datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[dict[str, Any]]: JSONB(),
    }


def stored_enum(vocabulary: type[enum.StrEnum], name: str) -> Enum:
    """Return a native enum type whose labels are the values of `vocabulary`."""
    return Enum(vocabulary, name=name, values_callable=lambda members: [member.value for member in members], native_enum=True)


def shallow(column: str, *, empty: Literal["{}", "[]"], levels: int, size: int) -> str:
    """Return the condition that a JSON column has at most so many levels within each other, and takes at most so many bytes.

    A value that comes from a row is measured as it is stored, compressed; put together with the `empty` value of its kind, it is unpacked.
    """
    return f"NOT jsonb_path_exists({column}, '$.**{{{levels + 1} to last}}') AND pg_column_size('{empty}'::jsonb || {column}) <= {size}"


def visible(column: str) -> str:
    """Return the condition that a text has no characters that cannot be seen."""
    return f"{column} !~ '{INVISIBLE_CHARACTERS}'"


def one_line(column: str) -> str:
    """Return the condition that a text has no control characters, such as line breaks."""
    return f"{column} !~ '{CONTROL_CHARACTERS}'"


def web_address(column: str) -> str:
    """Return the condition that a text is a web address: other characters than ASCII are encoded in it, and blanks too."""
    return f"{column} ~ '^https?://[!-~]+$'"


def few(column: str, *, most: int, size: int) -> str:
    """Return the condition that an array of texts has at most so many, none of them null, and takes at most so many bytes, unpacked."""
    return (
        f"cardinality({column}) <= {most} AND array_position({column}, NULL) IS NULL"
        f" AND pg_column_size('{{}}'::text[] || {column}) <= {size}"
    )


Id = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
WeekNumber = Annotated[int, mapped_column(Integer, comment="Teaching week, 1-60")]
Score = Annotated[Decimal, mapped_column(Numeric(12, 4))]
CreatedAt = Annotated[dt.datetime, mapped_column(server_default=func.now())]
JsonObject = Annotated[dict[str, Any], mapped_column(JSONB, server_default=text("'{}'::jsonb"))]
JsonArray = Annotated[list[dict[str, Any]], mapped_column(JSONB, server_default=text("'[]'::jsonb"))]
