"""What landing promises about files, rows, and the places rows came from."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cxe.contract import Column, Extract
from cxe.errors import CxeError, InputError
from cxe.landing import (
    FileResult,
    LandingResult,
    create_raw_tables,
    csv_records,
    land,
    load,
    run,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LOADED_AT = datetime(2024, 2, 1, 12, tzinfo=UTC)
GOOD = b"Id,Name,Note\n1,Ann,x\n"


def extract(system: str, name: str, columns: str, extra_header_lines: int = 0) -> Extract:
    """An extract whose column names are given in one string; `!` marks required ones."""
    return Extract(
        system=system,
        name=name,
        description="",
        columns=tuple(
            Column(column.rstrip("!"), "text", column.endswith("!"), "none", (), "")
            for column in columns.split()
        ),
        key=("Id",),
        version_column=None,
        drives_as_of_date=False,
        extra_header_lines=extra_header_lines,
        freshness_days=1,
    )


CONTRACT = {
    ("crm", "account"): extract("crm", "account", "Id! Name Note"),
    ("crm", "call"): extract("crm", "call", "Id! Name Note"),
    ("support", "survey"): extract("support", "survey", "Id! Name Note", extra_header_lines=2),
}


class World:
    """An extracts folder and a warehouse; every landing is checked for the row identity."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "extracts"
        self.root.mkdir()
        self.database = folder / "warehouse" / "cxe.duckdb"
        self.database.parent.mkdir()
        self.connection = duckdb.connect(str(self.database))

    def deliver(self, path: str, content: bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def account(self, content: bytes, name: str = "2024-01-31__full.csv") -> Path:
        return self.deliver(f"crm/account/account__{name}", content)

    def land(self, contract: dict[tuple[str, str], Extract] = CONTRACT) -> LandingResult:
        result = land(self.connection, self.root, contract, loaded_at=LOADED_AT)
        self.check_identity()
        return result

    def land_one(self) -> FileResult:
        (result,) = self.land().files
        return result

    def check_identity(self) -> None:
        landed = self.all(
            " union all ".join(
                f"select _file_id from raw.{extract.raw_table}" for extract in CONTRACT.values()
            )
        )
        rejected = self.all("select file_id from raw._rejects")
        for file_id, read, stored, refused in self.all(
            "select file_id, rows_read, rows_landed, rows_rejected from raw._files"
        ):
            assert read == stored + refused
            assert stored == landed.count((file_id,))
            assert refused == rejected.count((file_id,))
        assert {*landed, *rejected} <= set(self.all("select file_id from raw._files"))

    def all(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def rows(self, columns: str = "_row_number, Id, Name, Note") -> list[tuple[Any, ...]]:
        return self.all(f"select {columns} from raw.crm__account order by _file_id, _row_number")

    def rejects(self) -> list[tuple[Any, ...]]:
        return self.all(
            "select line_number, raw_text, reason, column_name from raw._rejects "
            "order by file_id, line_number"
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.connection.close()


# Columns


def test_rows_land_under_their_column_names_whatever_the_header_order(world: World) -> None:
    world.account(b"Note,Id,Name\nx,1,Ann\n")
    assert world.land_one().status == "landed"
    assert world.rows() == [(2, "1", "Ann", "x")]


def test_byte_order_mark_case_and_blanks_of_the_header_do_not_matter(world: World) -> None:
    world.account(b'\xef\xbb\xbfID, name ,"NOTE"\n1,Ann,x\n')
    world.land()
    assert world.rows() == [(2, "1", "Ann", "x")]


def test_unknown_columns_are_kept_by_name(world: World) -> None:
    world.account(b'z\'z,Id,Name,B\n"say ""hi""",1,Ann,\n')
    world.land()
    assert world.rows("Id, _extra") == [("1", '{"B":null,"z\'z":"say \\"hi\\""}')]


def test_without_unknown_columns_extra_is_null(world: World) -> None:
    world.account(GOOD)
    world.land()
    assert world.rows("_extra") == [(None,)]


def test_missing_optional_column_is_null_and_quoted_emptiness_is_text(world: World) -> None:
    world.account(b'Id,Name\n1,""\n2,\n3, \n')
    world.land()
    assert world.rows() == [(2, "1", "", None), (3, "2", None, None), (4, "3", " ", None)]


def test_values_land_exactly_as_delivered(world: World) -> None:
    world.account(b'Id,Name,Note\n 1 ,"a,b","p\r\nq\n\rr"\n0001,NULL,1e5\n\x00,"  x ",#\n')
    world.land()
    assert world.rows("Id, Name, Note") == [
        (" 1 ", "a,b", "p\r\nq\n\rr"),
        ("0001", "NULL", "1e5"),
        ("\x00", "  x ", "#"),
    ]


def test_provenance_tells_file_delivery_and_time(world: World) -> None:
    world.account(GOOD)
    world.connection.execute("set TimeZone = 'America/New_York'")
    result = land(
        world.connection,
        world.root,
        CONTRACT,
        loaded_at=LOADED_AT.astimezone(timezone(timedelta(hours=5))),
    )
    noon = datetime(2024, 2, 1, 12)
    assert world.rows("_file_id, _delivered_on, _loaded_at") == [(1, date(2024, 1, 31), noon)]
    assert world.all(
        "select file_id, system, extract, path, delivered_on, mode, bytes, sha256, rows_read, "
        "rows_landed, rows_rejected, status, repeat_of, message, loaded_at from raw._files"
    ) == [
        (
            1,
            "crm",
            "account",
            "crm/account/account__2024-01-31__full.csv",
            date(2024, 1, 31),
            "full",
            len(GOOD),
            hashlib.sha256(GOOD).hexdigest(),
            1,
            1,
            0,
            "landed",
            None,
            None,
            noon,
        )
    ]
    assert result.files == (
        FileResult(
            file_id=1,
            path="crm/account/account__2024-01-31__full.csv",
            system="crm",
            extract="account",
            status="landed",
            rows_read=1,
            rows_landed=1,
            rows_rejected=0,
            message=None,
        ),
    )


# Content hash


def content_hash(*values: str | None) -> int:
    """The hash computed the long way: md5 of the marked values, its second half little-endian."""
    marked = "\x1f".join("\x1e" if value is None else value for value in values)
    digest = hashlib.md5(marked.encode()).digest()
    return int.from_bytes(digest[8:], "little") - 2**63


def test_content_hash_is_half_the_md5_of_the_values_on_every_version_of_duckdb(
    world: World,
) -> None:
    world.account(b'Id,Name,Note\n1,\xc3\x84nn,\n1,"",\n')
    world.land()
    assert world.rows("_content_hash") == [
        (content_hash("1", "Änn", None, None),),
        (content_hash("1", "", None, None),),
    ]


def test_content_hash_does_not_depend_on_file_header_order_or_line(world: World) -> None:
    world.account(b"B,Id,A,Name\nb,1,a,Ann\n", "2024-01-31__full.csv")
    world.account(b"\nName,A,Id,B\nBob,a,2,b\nAnn,a,1,b\n", "2024-02-01__delta.csv")
    world.land()
    hashes = dict(world.all("select _file_id, _content_hash from raw.crm__account where Id = '1'"))
    assert len(hashes) == 2
    assert len(set(hashes.values())) == 1


def test_content_hash_sees_unknown_columns(world: World) -> None:
    world.account(b"Id,A\n1,a\n1,b\n")
    world.land()
    assert len(set(world.rows("_content_hash"))) == 2


# Lines


def test_row_numbers_are_the_lines_that_sed_would_show(world: World) -> None:
    file = world.account(
        b"\r\nId,Name,Note\r\n"
        b"r1,a,b\r\n"
        b'r2,"p\r\nq\nr",b\r\n'
        b"\r\n"
        b"too,few\r\n"
        b'r3,a,"b"\r\n'
        b"r4,a,b\n"
        b'too,many,"fields\n",here\n'
        b"r5,a,b"
    )
    result = world.land_one()
    assert (result.rows_read, result.rows_landed, result.rows_rejected) == (7, 5, 2)
    lines = file.read_bytes().split(b"\n")
    for number, record_id in world.rows("_row_number, Id"):
        assert lines[number - 1].startswith(record_id.encode())
    assert world.rows("_row_number") == [(3,), (4,), (9,), (10,), (13,)]
    assert [number for number, *_ in world.rejects()] == [8, 11]


def test_extra_header_lines_of_the_contract_are_skipped_even_when_they_span_lines(
    world: World,
) -> None:
    world.deliver(
        "support/survey/survey__2024-01-31__full.csv",
        b'Id,Name,Note\n"Question\none?",Name,Note\n"{""ImportId"":""_id""}",b,c\n1,Ann,x\n',
    )
    world.land()
    assert world.all("select _row_number, Id from raw.support__survey") == [(5, "1")]


def test_a_file_of_nothing_but_headers_lands_without_rows(world: World) -> None:
    world.account(b"Id,Name,Note\n")
    world.deliver("support/survey/survey__2024-01-31__full.csv", b"Id,Name,Note\nq,q,q\ni,i,i")
    assert [(file.status, file.rows_read) for file in world.land().files] == [("landed", 0)] * 2


def test_carriage_returns_and_line_feeds_may_be_mixed(world: World) -> None:
    world.account(b"Id,Name,Note\n1,a,b\r\n2,a,b\n3,a,b\r\n")
    world.land()
    assert world.rows() == [(n + 1, str(n), "a", "b") for n in (1, 2, 3)]


def test_a_complete_last_line_without_line_end_lands(world: World) -> None:
    world.account(b"Id,Name,Note\n1,a,b\n2,a,b")
    world.land()
    assert [row[0] for row in world.rows()] == [2, 3]


def test_many_lines_keep_their_numbers_across_blocks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "BLOCK_BYTES", 1 << 12)
    monkeypatch.setattr("cxe.landing.load.HEAD_BYTES", 100)
    lines = [f'{n},"plain, quoted",é' if n % 7 else f"{n},plain,x" for n in range(2, 9_000)]
    lines[5_000] = "5002,broken"
    world.account("\n".join(["Id,Name,Note", *lines]).encode())
    result = world.land_one()
    assert (result.rows_landed, result.rows_rejected) == (8_997, 1)
    assert world.all(
        "select count(*) filter (_row_number <> Id::bigint), count(distinct _row_number) "
        "from raw.crm__account"
    ) == [(0, 8_997)]
    assert world.rejects()[0][:2] == (5002, "5002,broken")


# Rejected records


@pytest.mark.parametrize(
    ("line", "reason", "column"),
    [
        (b"2,b", "2 fields where the header has 3", "Note"),
        (b"Total: 2", "1 fields where the header has 3", "Name"),
        (b"2,b,c,d", "4 fields where the header has 3", None),
        (b'2,5" pipe,c', "a stray quote", "Name"),
        (b'2,"b" ,c', "a stray quote", "Name"),
        (b'2,b, "c"', "a stray quote", "Note"),
        (b'2,b,c,"d"e', "a stray quote", None),
        (b"2,b\r,c", "a carriage return outside quotes", "Name"),
        (b'2,"b,c', "a quote is opened and not closed within 1,048,576 bytes", "Name"),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_broken_record_is_rejected_with_its_place_and_the_rest_lands(
    world: World, line: bytes, reason: str, column: str | None, end: bytes
) -> None:
    world.account(end.join([b"Id,Name,Note", b"1,a,b", line, b"3,a,b", b"4,a,b", b""]))
    result = world.land_one()
    assert (result.status, result.rows_landed, result.rows_rejected) == ("landed", 3, 1)
    assert "1 broken records" in str(result.message)
    assert world.rejects() == [(3, line.decode(), reason, column)]
    assert [row[0] for row in world.rows()] == [2, 4, 5]


def test_a_last_line_cut_off_is_rejected(world: World) -> None:
    world.account(b"Id,Name,Note\n1,a,b\n2,a")
    assert world.land_one().rows_rejected == 1
    assert world.rejects() == [(3, "2,a", "2 fields where the header has 3", "Note")]


def test_an_unclosed_quote_costs_its_line_even_when_a_later_quote_seems_to_close_it(
    world: World,
) -> None:
    world.account(b'Id,Name,Note\n1,"a,b\n2,a,b\n3,"a",b\n')
    world.land()
    assert [row[0] for row in world.rejects()] == [2]
    assert [row[0] for row in world.rows()] == [3, 4]


@pytest.mark.parametrize("block_bytes", [1 << 9, 1 << 22])
def test_a_quoted_value_longer_than_a_record_may_be_costs_its_first_line(
    world: World, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(csv_records, "MAX_RECORD_BYTES", 1_000)
    monkeypatch.setattr("cxe.landing.load.HEAD_BYTES", 100)
    monkeypatch.setattr(text, "BLOCK_BYTES", block_bytes)
    world.account(b'Id,Name,Note\n1,"' + b"x\n" * 1_000 + b'",b\n2,a,b\n')
    world.land()
    reason = "a quote is opened and not closed within 1,000 bytes"
    assert [reject[:3] for reject in world.rejects()[:2]] == [
        (2, '1,"x', reason),
        (3, "x", "1 fields where the header has 3"),
    ]
    assert world.rows() == [(1_003, "2", "a", "b")]


# Encodings


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", "Read as UTF-16."),
        ("latin-1", "Read as Latin-1 (Windows-1252)."),
    ],
)
def test_umlauts_arrive_in_every_encoding_that_is_read(
    world: World, encoding: str, note: str | None
) -> None:
    world.account("Id,Name,Ünknown\n1,Änn,ß\n2,Bob".encode(encoding))
    result = world.land_one()
    assert str(result.message or "").startswith(note or "1 broken")
    assert world.rows("Name, _extra") == [("Änn", '{"Ünknown":"ß"}')]
    assert world.rejects()[0][1] == "2,Bob"


def test_apostrophes_of_windows_are_read(world: World) -> None:
    world.account(b"Id,Name\n1,O\x92Brien\n")
    assert world.land_one().status == "landed"
    assert world.rows("Name") == [("O’Brien",)]  # noqa: RUF001


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("block_bytes", [10, 11, 12])
def test_a_character_on_the_edge_of_a_block_is_read_whole(
    world: World, monkeypatch: pytest.MonkeyPatch, encoding: str, block_bytes: int
) -> None:
    monkeypatch.setattr(text, "BLOCK_BYTES", block_bytes)
    world.account("Id,Name\n1,aéb and plain text beyond\n".encode(encoding))
    assert (world.land_one().message is None) == (encoding == "utf-8")
    assert world.rows("Name") == [("aéb and plain text beyond",)]


# Files rejected as a whole

HEAD = "account__2024-01-31__full.csv"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", f"{HEAD} is empty, it lacks even a header"),
        (b"\n \r\n", f"{HEAD} is empty, it lacks even a header"),
        (b"Name,Note\nAnn,x\n", f"{HEAD}, line 1, column Id: required but missing"),
        (b"\nId;Name\n1;Ann\n", f"{HEAD}, line 2, column Id: required but missing among the 1"),
        (b"Id,Name,iD\n1,Ann,2\n", f"{HEAD}, line 1, column 3: the header has this name twice"),
        (b'Id,"Na"me\n1,Ann\n', f"{HEAD}, line 1: the header is no row"),
        (b"Id,Name\r1,Ann\r", f"{HEAD}, line 1: lines end in a carriage return alone"),
        (b"Id,Name\n1,Ann\n2,\xc3\xa4\xff\n", f"{HEAD}, line 3, byte 5: neither UTF-8 nor Latin-1"),
        (b"Id,Name\n1,\xc3\xa4\n2,\xc3", f"{HEAD}, line 3, byte 3: neither UTF-8 nor Latin-1"),
        (b"Id,Name\n1,\x81\n", f"{HEAD}, line 2, byte 3: neither UTF-8 nor Latin-1"),
        (b"Id,Name\n1," + b"x" * (1 << 21), f"{HEAD}, line 2: longer than 1,048,576 bytes"),
    ],
)
def test_an_unreadable_file_is_rejected_with_place_and_remedy_and_others_land(
    world: World, content: bytes, message: str
) -> None:
    world.account(content)
    world.deliver("crm/call/call__2024-01-31__full.csv", GOOD)
    rejected, landed = world.land().files
    assert rejected.status == "rejected"
    assert message in str(rejected.message)
    assert ": " in str(rejected.message).removeprefix(HEAD)
    assert landed.status == "landed"
    assert world.rows() == []


COMPRESSED = gzip.compress(b"Id,Name,Note\n" + b"".join(b"%d,a,b\n" % n for n in range(5_000)))


@pytest.mark.parametrize(
    "content",
    [
        COMPRESSED[:-1],
        COMPRESSED[:-8],
        COMPRESSED[:300],
        COMPRESSED[:-8] + b"\0\0\0\0" + COMPRESSED[-4:],
        COMPRESSED[:200] + b"\xff" * 20 + COMPRESSED[220:],
        GOOD,
    ],
    ids=["no last byte", "no checksum", "half", "wrong checksum", "flipped", "not compressed"],
)
def test_damaged_compressed_files_are_rejected(world: World, content: bytes) -> None:
    world.account(content, "2024-01-31__full.csv.gz")
    result = world.land_one()
    assert (result.status, world.rows()) == ("rejected", [])
    assert "damaged or cut off" in str(result.message)


def test_compressed_files_land_with_the_lines_of_the_text(world: World) -> None:
    world.account(COMPRESSED, "2024-01-31__full.csv.gz")
    assert world.land_one().rows_landed == 5_000
    assert world.all("select max(_row_number) from raw.crm__account") == [(5_001,)]


def test_rejects_of_a_file_that_then_proves_damaged_do_not_stay(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "BLOCK_BYTES", 1 << 10)
    monkeypatch.setattr("cxe.landing.load.HEAD_BYTES", 100)
    broken_lines = gzip.compress(b"Id,Name,Note\n" + b"1,a\n" * 5_000)
    world.account(broken_lines[:-8], "2024-01-31__full.csv.gz")
    assert world.land_one().status == "rejected"
    assert (world.rows(), world.rejects()) == ([], [])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("crm/acount/acount__2024-01-31__full.csv", "move it to one, such as crm/account/"),
        ("crm/account__2024-01-31__full.csv", "lies in no extract's folder"),
        ("notes.txt", "lies in no extract's folder"),
        ("crm/account/old/account__2024-01-31__full.csv", "move it up into crm/account/"),
        ("crm/account/account_2024-01-31_full.csv", "call it account__2024-01-31__full.csv"),
        ("crm/account/call__2024-01-31__full.csv", "call it account__2024-01-31__full.csv"),
        ("crm/account/account__2024-01-31__full.xlsx", "call it account__2024-01-31__full.csv"),
        ("crm/account/account__2024-02-30__full.csv", "there is no day 2024-02-30"),
    ],
)
def test_a_misplaced_or_misnamed_file_is_rejected_with_the_nearest_right_name(
    world: World, path: str, message: str
) -> None:
    world.deliver("crm/call/call__2024-01-31__full.csv", GOOD)
    world.deliver(path, b"Id\n1\n")
    by_path = {file.path: file for file in world.land().files}
    assert by_path[path].status == "rejected"
    assert message in str(by_path[path].message)
    assert by_path["crm/call/call__2024-01-31__full.csv"].status == "landed"


def test_hidden_and_unfinished_files_are_not_looked_at(world: World) -> None:
    world.account(GOOD)
    world.account(b"", "2024-02-01__full.csv.part")
    world.account(b"", "2024-02-01__full.csv.tmp")
    world.deliver("crm/account/.account__2024-02-01__full.csv", b"")
    world.deliver(".git/config", b"")
    assert len(world.land().files) == 1


def test_linked_folders_are_read_once(world: World) -> None:
    elsewhere = world.deliver("../elsewhere/account__2024-01-31__full.csv", GOOD).parent
    (world.root / "crm").mkdir()
    (world.root / "crm" / "account").symlink_to(elsewhere)
    (elsewhere / "loop").symlink_to(world.root)
    assert world.land_one().status == "landed"


def test_a_file_that_may_not_be_read_is_rejected(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    world.account(GOOD)
    with monkeypatch.context() as patch:
        patch.setattr("cxe.landing.folder.hashlib.file_digest", refuse)
        assert "cannot be read (Permission denied): check its" in str(world.land_one().message)
    assert world.land_one().status == "landed"


def test_a_file_that_changes_while_it_is_read_is_rejected(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = world.account(GOOD)
    really_load = load.load_file

    def append_meanwhile(*arguments: object, **options: object) -> object:
        loaded = really_load(*arguments, **options)  # type: ignore[arg-type]
        file.write_bytes(GOOD + b"2,Bob,y\n")
        return loaded

    with monkeypatch.context() as patch:
        patch.setattr(run, "load_file", append_meanwhile)
        assert "changed while it was read" in str(world.land_one().message)
    assert world.land_one().rows_landed == 2


@pytest.mark.parametrize("content", [None, "hidden", "foreign"])
def test_a_root_without_any_known_extract_is_bad_input(world: World, content: str | None) -> None:
    if content is None:
        world.root.rmdir()
    elif content == "hidden":
        world.account(GOOD, "2024-01-31__full.csv.part")
    else:
        world.deliver("other/thing/thing__2024-01-31__full.csv", GOOD)
    with pytest.raises(InputError, match=r"--extracts|crm/account/"):
        world.land()


# Parquet


def test_parquet_lands_as_text_with_ordinals(world: World) -> None:
    moment = datetime(2024, 1, 31, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    table = pa.table(
        {
            "NAME": ["Ann", "", None],
            "id": pa.array([1, 2, 3]),
            "note": pa.array([moment] * 3, pa.timestamp("us", tz="America/New_York")),
            "Naive": pa.array([datetime(2024, 1, 1, 1, 2, 3)] * 3, pa.timestamp("ms")),
            "Share": pa.array([True, None, False]),
        }
    )
    pq.write_table(table, world.account(b"", "2024-01-31__full.parquet"))
    assert world.land_one().rows_landed == 3
    note = "2024-02-01T04:30:00.000000Z"
    assert world.rows() == [(1, "1", "Ann", note), (2, "2", "", note), (3, "3", None, note)]
    assert world.rows("_extra")[1] == ('{"Naive":"2024-01-01T01:02:03Z","Share":null}',)


def test_damaged_parquet_is_rejected(world: World) -> None:
    file = world.account(b"", "2024-01-31__full.parquet")
    pq.write_table(pa.table({"Id": ["1"] * 1000}), file)
    whole = file.read_bytes()
    world.account(whole[:-20], "2024-01-31__full.parquet")
    world.account(whole[:4] + b"\xff" * 40 + whole[44:], "2024-02-01__full.parquet")
    world.account(b"", "2024-02-02__full.parquet")
    pq.write_table(pa.table({"Name": ["1"]}), world.account(b"", "2024-02-03__full.parquet"))
    files = world.land().files
    assert [file.status for file in files] == ["rejected"] * 4
    assert all("damaged or cut off" in str(file.message) for file in files[:3])
    assert "column Id: required but missing" in str(files[3].message)


# Deliveries and repetitions


def test_the_same_folder_again_is_nothing_to_do(world: World) -> None:
    world.account(GOOD)
    world.land()
    before = world.all("from raw._files"), world.rows("*")
    assert world.land() == LandingResult((), unchanged=1)
    assert (world.all("from raw._files"), world.rows("*")) == before


@pytest.mark.parametrize(
    ("second", "governs"),
    [("2024-02-01__delta.csv", date(2024, 1, 31)), ("2024-01-15__full.csv", date(2024, 1, 15))],
)
@pytest.mark.parametrize("together", [True, False])
def test_same_bytes_land_once_and_the_earliest_delivery_governs(
    world: World, second: str, governs: date, together: bool
) -> None:
    world.account(GOOD)
    results = [] if together else [*world.land().files]
    world.account(GOOD, second)
    results += world.land().files
    assert [result.status for result in results] == ["landed", "repeat"]
    assert "The same bytes as crm/account/" in str(results[1].message)
    assert world.rows("Id, _file_id, _delivered_on") == [("1", 1, governs)]
    assert world.all("select file_id, repeat_of, rows_read from raw._files order by 1") == [
        (1, None, 1),
        (2, 1, 0),
    ]
    assert world.land().files == ()


def test_same_bytes_in_another_extract_are_no_repetition(world: World) -> None:
    world.account(GOOD)
    world.deliver("crm/call/call__2024-01-31__full.csv", GOOD)
    assert [file.status for file in world.land().files] == ["landed", "landed"]


def test_a_known_name_with_other_bytes_is_a_new_delivery_and_says_so(world: World) -> None:
    world.account(GOOD)
    world.land()
    world.account(b"Id,Name,Note\n1,Anna,x\n")
    result = world.land_one()
    assert (result.file_id, result.status) == (2, "landed")
    assert result.message == "Other bytes than file 1 of this name: a new delivery."
    assert world.rows("_file_id, Name") == [(1, "Ann"), (2, "Anna")]


def test_a_rejected_file_is_tried_again_and_leaves_one_row(world: World) -> None:
    world.account(b"Key,Name\n1,Ann\n")
    assert [world.land_one().status, world.land_one().status] == ["rejected", "rejected"]
    assert world.all("select file_id, status from raw._files") == [(1, "rejected")]
    relaxed = {**CONTRACT, ("crm", "account"): extract("crm", "account", "Id Key! Name Note")}
    (result,) = world.land(relaxed).files
    assert (result.file_id, result.status) == (1, "landed")
    assert world.all("select file_id, status from raw._files") == [(1, "landed")]
    assert world.rows("Key, Name") == [("1", "Ann")]


def test_file_ids_follow_the_sorted_paths(world: World) -> None:
    for name in ("b__2024-01-02__full.csv", "account__2024-01-02__full__10.csv", "x.csv"):
        world.deliver(f"crm/account/{name}", name.encode())
    world.deliver("crm/call/call__2024-01-01__full.csv", GOOD)
    world.deliver("Crm/call/call__2024-01-01__full.csv", GOOD)
    files = world.land().files
    assert [file.path for file in files] == sorted(file.path for file in files)
    assert [file.file_id for file in files] == [1, 2, 3, 4, 5]


def test_progress_is_told_after_each_file(world: World) -> None:
    world.account(GOOD)
    world.account(b"", "2024-02-01__full.csv")
    told: list[tuple[str, int, int]] = []
    land(
        world.connection,
        world.root,
        CONTRACT,
        loaded_at=LOADED_AT,
        on_file=lambda result, done, total: told.append((result.status, done, total)),
    )
    assert told == [("landed", 1, 2), ("rejected", 2, 2)]


# Tables


def test_tables_of_undelivered_extracts_exist_and_are_empty(world: World) -> None:
    create_raw_tables(world.connection, CONTRACT)
    create_raw_tables(world.connection, CONTRACT)
    assert world.rows("*") == []
    assert [row[0] for row in world.all("describe raw.support__survey")] == [
        "Id",
        "Name",
        "Note",
        "_extra",
        "_file_id",
        "_row_number",
        "_delivered_on",
        "_loaded_at",
        "_content_hash",
    ]


def test_a_column_that_the_contract_gained_is_added_and_filled(world: World) -> None:
    world.account(GOOD)
    world.land()
    wider = {**CONTRACT, ("crm", "account"): extract("crm", "account", 'Id! Odd"name Name Note')}
    world.account(b'"Odd""name",Id,Name,Note\no,2,Bob,y\n', "2024-02-01__full.csv")
    world.land(wider)
    assert world.rows('Id, "Odd""name", Note') == [("1", None, "x"), ("2", "o", "y")]


# Failures


@pytest.mark.parametrize(
    "failure", [duckdb.IOException("No space left on device"), OSError(28, "No space left")]
)
def test_a_full_disk_stops_with_a_remedy_and_the_next_run_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    really_load = load.load_file

    def fill_the_disk(*arguments: object, **options: object) -> object:
        loaded = really_load(*arguments, **options)  # type: ignore[arg-type]
        if options["file_id"] == 2:
            raise failure
        return loaded

    for day in (1, 2, 3):
        world.account(b"Id\n%d\n" % day, f"2024-01-0{day}__delta.csv")
    with monkeypatch.context() as patch:
        patch.setattr(run, "load_file", fill_the_disk)
        with pytest.raises(CxeError, match="free space"):
            world.land()
    world.check_identity()
    assert world.rows("Id") == [("1",)]
    assert [file.file_id for file in world.land().files] == [2, 3]
    assert world.rows("Id") == [("1",), ("2",), ("3",)]


KILLED = """
import os, sys
from datetime import datetime
from pathlib import Path
import duckdb
sys.path.insert(0, {tests!r})
from test_landing import CONTRACT
from cxe.landing import run
record = run._record
def record_and_die(connection, file, *rest):
    record(connection, file, *rest)
    if file.file_id == 2:
        os.kill(os.getpid(), 9)
run._record = record_and_die
connection = duckdb.connect({database!r})
run.land(connection, Path({root!r}), CONTRACT, loaded_at=datetime(2024, 2, 1))
"""


def test_a_killed_landing_leaves_whole_files_and_the_next_run_goes_on(world: World) -> None:
    for day in (1, 2, 3):
        world.account(b"Id\n%d\n" % day, f"2024-01-0{day}__delta.csv")
    world.connection.close()
    script = KILLED.format(
        tests=str(Path(__file__).parent),
        database=str(world.database),
        root=str(world.root),
    )
    process = subprocess.run([sys.executable, "-c", script], check=False)
    assert process.returncode == -9
    assert list(world.database.parent.glob(".landing-*"))
    world.connection = duckdb.connect(str(world.database))
    world.check_identity()
    assert world.rows("Id") == [("1",)]
    assert [file.file_id for file in world.land().files] == [2, 3]
    assert world.rows("Id") == [("1",), ("2",), ("3",)]
    assert not list(world.database.parent.glob(".landing-*"))
