"""Rows of PostgreSQL in Parquet, without loss: what Arrow has no equal type for is a text, as PostgreSQL writes it."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Any

from lmskit.errors import ArchiveError
from lmskit.schemas.archive import NUMERIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from lmskit.schemas.archive import ArchivedColumn

_AT_ONCE = 20_000
"""Rows of one batch; an attempt can have a megabyte of answers, and most have less than a kilobyte."""
_ARROW = {
    "bigint": "int64",
    "integer": "int32",
    "smallint": "int16",
    "boolean": "bool_",
    "double precision": "float64",
    "real": "float32",
    "date": "date32",
    "text": "string",
}


def write_rows(path: Path, columns: Sequence[ArchivedColumn], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows into a new file that this account alone can read, and return how many there were.

    Values are as psycopg gives them; those of columns that are not `is_kept` are texts.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(column.name, _arrow_type(column.kind)) for column in columns])
    n_rows = 0
    remaining = iter(rows)
    with _new_file(path) as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            while batch := list(islice(remaining, _AT_ONCE)):
                arrays = [pa.array(values, type=field.type) for values, field in zip(zip(*batch, strict=True), schema, strict=True)]
                writer.write_batch(pa.record_batch(arrays, schema=schema))
                n_rows += len(batch)
        file.flush()
        os.fsync(file.fileno())
    return n_rows


def read_rows(path: Path, columns: Sequence[ArchivedColumn]) -> Iterator[tuple[Any, ...]]:
    """Read the rows of a file one by one, in the order of `columns`.

    Raises
    ------
    ArchiveError
        The file is damaged, or has other columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            expected = pa.schema([(column.name, _arrow_type(column.kind)) for column in columns])
            if not file.schema_arrow.remove_metadata().equals(expected):
                raise ArchiveError(f"{path.name} has other columns than its manifest says. It was changed, or belongs to another archive.")
            for batch in file.iter_batches(_AT_ONCE):
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
    except (pa.ArrowException, OSError) as error:
        raise ArchiveError(f"{path.name} cannot be read: {' '.join(str(error).split())}. Take another copy of the archive.") from error


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Write a table of numbers and times into a new file that this account alone can read."""
    with _new_file(path) as file:
        frame.to_parquet(file, engine="pyarrow", compression="zstd", index=False)
        file.flush()
        os.fsync(file.fileno())


def _new_file(path: Path) -> Any:  # noqa: ANN401 - a binary file
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600), "wb")


def _arrow_type(kind: str) -> pa.DataType:
    import pyarrow as pa

    if (numeric := NUMERIC.fullmatch(kind)) is not None:
        return pa.decimal128(int(numeric[1]), int(numeric[2]))
    if kind == "timestamp with time zone":
        return pa.timestamp("us", tz="UTC")
    return getattr(pa, _ARROW.get(kind, "string"))()
