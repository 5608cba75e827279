"""Column contracts: one object from which types, docstrings and headings follow."""

import inspect

import pandas as pd
import pytest

from lmskit.columns import Column, Columns
from lmskit.errors import ColumnsMissingError

WEEKS = Columns(
    Column("week_number", "int64", "1-60", heading="Week"),
    Column("topic", "str", heading="Topic"),
    Column("due_on", "object", "`date`, or None"),
)


def test_an_empty_table_has_the_promised_columns_and_types():
    empty = WEEKS.empty()
    assert len(empty) == 0
    assert {name: str(kind) for name, kind in empty.dtypes.items()} == {"week_number": "int64", "topic": "str", "due_on": "object"}


def test_lists_show_the_columns_that_have_a_heading():
    assert WEEKS.headings == {"week_number": "Week", "topic": "Topic"}


def test_a_docstring_shows_the_columns_where_it_says_so():
    @WEEKS.documented
    def weeks():
        """The weeks.

        {columns}

        In order.
        """

    expected = """The weeks.

        ===========  ======  ===============
        week_number  int64   1-60
        topic        str
        due_on       object  `date`, or None
        ===========  ======  ===============

        In order."""
    assert inspect.getdoc(weeks) == inspect.cleandoc(expected)


def test_a_docstring_that_does_not_say_where_is_refused():
    def weeks():
        """The weeks."""

    with pytest.raises(ValueError, match="weeks has no line"):
        WEEKS.documented(weeks)


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two columns of one name"):
        Columns(*WEEKS, Column("topic", "str"))


def test_a_table_without_a_needed_column_is_refused_with_its_name():
    with pytest.raises(ColumnsMissingError, match=r"^The plan needs the columns topic, due_on; the table has week_number\.$"):
        WEEKS.need(pd.DataFrame({"week_number": [1]}), subject="The plan")


def test_a_column_may_have_another_name_in_another_table():
    assert WEEKS[1].renamed("subject", heading="Subject") == Column("subject", "str", heading="Subject")
