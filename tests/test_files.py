"""Files that appear complete or not at all."""

import stat
from pathlib import Path

import pytest

from lymphocast.files import replacing, write_whole


def test_content_is_written_whole_and_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a longer old content")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_the_part_stands_beside_its_place_so_that_the_renaming_is_one_step(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.txt") as part:
        assert part.parent == tmp_path
        assert part.name.startswith(".a.txt.")
        part.write_bytes(b"half")
        assert not (tmp_path / "a.txt").exists()
        part.write_bytes(b"whole")
    assert (tmp_path / "a.txt").read_bytes() == b"whole"


@pytest.mark.parametrize("failure", [ValueError("bad"), KeyboardInterrupt()], ids=repr)
def test_a_failure_leaves_what_was_there(tmp_path: Path, failure: BaseException) -> None:
    (tmp_path / "old.txt").write_bytes(b"old")
    for name in ("old.txt", "absent.txt"):
        with pytest.raises(type(failure)), replacing(tmp_path / name) as part:  # noqa: PT012
            part.write_bytes(b"half")
            raise failure
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]
    assert (tmp_path / "old.txt").read_bytes() == b"old"


def test_a_folder_that_does_not_exist_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        write_whole(tmp_path / "absent" / "a.txt", b"new")


def test_a_folder_in_the_way_stays(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_whole(tmp_path / "taken", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
