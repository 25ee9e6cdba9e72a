"""Files of ITCH messages: plain, gzipped, cut, damaged, or not ITCH at all."""

import gzip
import random

import pytest

from rushtrade.books import itch_file
from rushtrade.books.itch_file import ItchFile, ItchFileError
from rushtrade.wire.framing import END_OF_SESSION, frame_all
from support.random_streams import RandomStream


@pytest.fixture
def stream():
    source = RandomStream(31, stocks=2)
    return frame_all(source.directory() + source.messages(3000))


def read(path):
    with ItchFile(path) as file:
        return b"".join(buffer.tobytes() for buffer in file.buffers())


@pytest.mark.parametrize("size", [1 << 22, 4096, 117])
def test_a_file_reads_the_same_plain_and_gzipped_in_any_pieces(tmp_path, stream, monkeypatch, size):
    monkeypatch.setattr(itch_file, "BUFFER_BYTES", size)
    plain, packed = tmp_path / "plain.itch", tmp_path / "without-a-telling-name"
    plain.write_bytes(stream + END_OF_SESSION)
    packed.write_bytes(gzip.compress(stream))
    assert read(plain) == stream
    assert read(packed) == stream


def test_prefixes_of_zero_may_fall_on_the_edge_of_a_buffer(tmp_path, monkeypatch):
    messages = RandomStream(32, stocks=1).messages(300)
    unfilled = b"".join(b"\0\0" + message for message in messages)
    path = tmp_path / "zero"
    path.write_bytes(unfilled)
    for size in range(50, 120):
        monkeypatch.setattr(itch_file, "BUFFER_BYTES", size)
        assert read(path) == unfilled


def test_progress_goes_from_nothing_to_the_whole_file(tmp_path, stream, monkeypatch):
    monkeypatch.setattr(itch_file, "BUFFER_BYTES", 10_000)
    path = tmp_path / "file"
    path.write_bytes(stream)
    with ItchFile(path) as file:
        steps = [file.progress for _ in file.buffers()]
    assert steps == sorted(steps)
    assert steps[-1] == file.size == len(stream)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"time,price,size\n1,2,3\n", r"unknown message type: 'm'|length is not"),
        (b"\x1f\x8b junk that is no gzip", "corrupt"),
        (b"\0\x13D" + bytes(10), r"ends inside a message: 13 bytes of it are there \(at byte 0\)"),
        (b"\0\x14D" + bytes(30), r"'D' \(0x44\), 20 bytes \(at byte 0\)"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_plainly(tmp_path, content, said):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ItchFileError, match=said) as fault:
        read(path)
    assert str(path) in str(fault.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(ItchFileError, match="No such file"):
        ItchFile(tmp_path / "nothing")
    with pytest.raises(ItchFileError, match="directory"):
        ItchFile(tmp_path)


def test_a_cut_gzip_hands_out_what_there_was(tmp_path, stream):
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(stream)[:-2000])
    parts = []
    with ItchFile(path) as file, pytest.raises(ItchFileError, match="cut short"):
        parts.extend(buffer.tobytes() for buffer in file.buffers())
    got = b"".join(parts)
    assert len(got) > 60_000
    assert stream.startswith(got)


def test_a_damaged_gzip_ends_in_a_fault_or_is_what_it_was(tmp_path, stream):
    rng = random.Random(33)
    packed = gzip.compress(stream)
    path = tmp_path / "file"
    outcomes = set()
    for _ in range(150):
        damaged = bytearray(packed)
        damaged[rng.randrange(10, len(damaged))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        outcomes.add(outcome(path, stream))
    assert outcomes <= {"fault", "same"}
    assert "fault" in outcomes


def outcome(path, stream):
    try:
        return "same" if read(path) == stream else "different"
    except ItchFileError:
        return "fault"
