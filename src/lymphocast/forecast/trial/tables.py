"""Tables as Parquet, in memory; the one place that knows the package that writes it."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lymphocast.errors import UsageError

Columns = Mapping[str, NDArray[np.generic]]
PACKAGE = "pyarrow"


def _module(name: str) -> Any:  # noqa: ANN401 (a package without types)
    try:
        return import_module(name)
    except ImportError:
        msg = f"there is no package '{PACKAGE}'; needed to write and read Parquet"
        raise UsageError(msg) from None


def parquet_version() -> str:
    """Return the version of the package that writes tables."""
    _module(PACKAGE)
    return version(PACKAGE)


def table_bytes(columns: Columns) -> bytes:
    """Return a table as a Parquet file; the same columns give the same bytes."""
    arrow, parquet = _module(PACKAGE), _module(f"{PACKAGE}.parquet")
    sink = arrow.BufferOutputStream()
    parquet.write_table(arrow.table(dict(columns)), sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def read_columns(content: bytes, names: Sequence[str]) -> dict[str, NDArray[np.generic]]:
    """Return some columns of a Parquet file."""
    arrow, parquet = _module(PACKAGE), _module(f"{PACKAGE}.parquet")
    table = parquet.read_table(arrow.BufferReader(content), columns=list(names))
    return {name: np.asarray(table.column(name)) for name in names}
