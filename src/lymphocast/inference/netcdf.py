"""NetCDF-4 files that appear complete or not at all, and say clearly when they cannot be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5netcdf
from numpy.typing import NDArray

from lymphocast.errors import FitFileError, LymphocastError
from lymphocast.files import replacing


@contextmanager
def writing(path: Path) -> Iterator[h5netcdf.File]:
    """Yield a new file, which takes its place if the block succeeds."""
    with replacing(path) as part, h5netcdf.File(part, "w") as file:
        yield file


@contextmanager
def reading(path: Path, needed: str) -> Iterator[h5netcdf.File]:
    """Yield a file of the needed format.

    Raises
    ------
    FitFileError
        If it is truncated, another program's, of another format, or the block cannot read it.
    """
    try:
        with h5netcdf.File(path, "r") as file:
            found = str(file.attrs["format"])
            if found != needed:
                msg = f"format '{found}', needed '{needed}'"
                raise FitFileError(msg)
            yield file
    except FileNotFoundError:
        raise
    except (OSError, LookupError, TypeError, ValueError, LymphocastError) as error:
        reason = " ".join(str(error).split())
        msg = f"{path.name}: not a fit file of this version ({reason})"
        raise FitFileError(msg) from error


def put(group: h5netcdf.Group, name: str, dims: tuple[str, ...], values: NDArray[Any]) -> None:
    """Write a variable."""
    group.create_variable(name, dims, data=values)
