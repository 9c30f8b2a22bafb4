"""The site stands alone: links lead to what is there, nothing leads out, and pages are light."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from report.pages import EVERY_PAGE, PAGES, WORK_LIST, Page, page_file, read_pages

LARGEST_PAGE_BYTES = 3_000_000


@pytest.fixture(scope="module")
def pages(report_site: Path) -> dict[str, Page]:
    return read_pages(report_site)


@pytest.fixture(scope="module")
def work_list(sample_home: Path) -> dict[str, Page]:
    return read_pages(page_file(sample_home, WORK_LIST).parent)


def broken_links(pages: dict[str, Page]) -> list[str]:
    """Links that lead nowhere, or out of the site."""
    broken = []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme == "data":
                continue
            if parts.scheme or parts.netloc or parts.path.startswith("/"):
                broken.append(f"{name} leads out: {link}")
                continue
            target = page.path.parent / unquote(parts.path) if parts.path else page.path
            known = pages.get(target.name)
            if not target.is_file():
                broken.append(f"{name} leads to no file: {link}")
            elif parts.fragment and (known is None or unquote(parts.fragment) not in known.ids):
                broken.append(f"{name} leads to no such place: {link}")
    return broken


def test_the_site_has_all_its_pages(pages: dict[str, Page], work_list: dict[str, Page]) -> None:
    assert sorted(pages) == sorted(f"{name}.html" for name in PAGES)
    assert sorted(work_list) == [f"{WORK_LIST}.html"]


def test_every_link_leads_to_what_is_there(
    pages: dict[str, Page], work_list: dict[str, Page]
) -> None:
    assert sum(len(page.links) for page in pages.values()) > 100
    assert broken_links(pages) == []
    assert broken_links(work_list) == []


def test_a_broken_link_would_be_found(tmp_path: Path) -> None:
    links = ("other.html", "other.html#no", "gone.html", "#here", "#gone", "https://x.example/")
    text = "".join(f'<a href="{link}">x</a>' for link in links)
    (tmp_path / "one.html").write_text(f'<p id="here">{text}</p>', encoding="utf-8")
    (tmp_path / "other.html").write_text("<p></p>", encoding="utf-8")
    assert [found.rsplit(" ", 1)[1] for found in broken_links(read_pages(tmp_path))] == [
        "other.html#no",
        "gone.html",
        "#gone",
        "https://x.example/",
    ]


def test_style_sheets_load_nothing(report_site: Path) -> None:
    sheets = [*report_site.rglob("*.css"), *report_site.glob("*.html")]
    assert len(sheets) > len(PAGES)
    for sheet in sheets:
        found = re.findall(r"@import|url\((?!['\"]?(?:data:|#))", sheet.read_text(encoding="utf-8"))
        assert found == [], sheet.name


def test_every_page_is_light(sample_home: Path) -> None:
    sizes = {name: page_file(sample_home, name).stat().st_size for name in EVERY_PAGE}
    assert {name: size for name, size in sizes.items() if size >= LARGEST_PAGE_BYTES} == {}


def test_every_block_says_how_its_rows_are_asked_for(pages: dict[str, Page]) -> None:
    blocks = [block for page in pages.values() for block in page.blocks]
    assert len(blocks) >= len(PAGES)
    assert [(block.page.name, block.id) for block in blocks if not (block.id and block.asked)] == []


def test_no_page_holds_code_but_the_scripts_of_the_site(
    pages: dict[str, Page], work_list: dict[str, Page]
) -> None:
    for page in (*pages.values(), *work_list.values()):
        assert page.handlers == []
        for script in page.scripts:
            is_data = script.get("type") == "application/json"
            assert is_data or (script.get("src") or "").startswith("assets/"), script
