"""What a reader chooses is what is shown, on this page and on the next; and columns sort."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from report.pages import PAGES, Cell, Choice, Page, raw, read_pages, text
from report.watching import Opens, Watched, differences

CHOSEN = """
() => Object.fromEntries([...document.querySelectorAll("form.filters select")].map(
    select => [select.name, select.value || null]
))
"""
# Each head of each table is pressed twice; how the column is ordered then.
SORTED = """
() => [...document.querySelectorAll("section.block")].flatMap(block => {
    const heads = [...block.querySelectorAll("th")];
    return heads.flatMap((head, place) => [0, 1].map(() => {
        head.querySelector("button").click();
        return {
            block: block.id,
            place,
            sort: head.getAttribute("aria-sort"),
            others: heads.filter(other => other !== head
                && !["none", null].includes(other.getAttribute("aria-sort"))).length,
            texts: [...block.querySelectorAll("tbody tr")].map(row => row.cells[place].textContent),
        };
    }));
})
"""
ALPHABETICAL = "texts => texts.sort((one, other) => one.localeCompare(other))"


@pytest.fixture(scope="module")
def pages(report_site: Path) -> dict[str, Page]:
    return read_pages(report_site)


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest, pages: dict[str, Page]) -> Page:
    return pages[f"{request.param}.html"]


@pytest.fixture(scope="module")
def opened(page: Page, opens: Opens) -> Iterator[Watched]:
    with opens(page.path) as watched:
        yield watched


@pytest.fixture
def watched(page: Page, opened: Watched) -> Watched:
    """The page as it is first seen."""
    # By way of nothing: an address that differs in its fragment alone would load no page.
    opened.page.goto("about:blank")
    opened.trouble.clear()
    opened.goto(page.path)
    return opened


@pytest.fixture
def filtered(page: Page) -> Page:
    """The page, if there is something to choose on it."""
    if not page.scopes:
        pytest.skip("nothing can be chosen on this page")
    return page


def chosen(watched: Watched) -> Choice:
    """What the page's filters say."""
    found: Choice = watched.page.evaluate(CHOSEN)
    return {"territory": None, "product": None, "month": None} | found


def options(watched: Watched, name: str) -> list[str]:
    """What a filter offers, the first choice first."""
    found: list[str] = watched.page.locator(
        f"form.filters select[name={name}] option"
    ).evaluate_all("options => options.map(option => option.value)")
    return found


def choose(watched: Watched, name: str, value: str) -> None:
    watched.page.locator(f"form.filters select[name={name}]").select_option(value)
    watched.settle()


def kept(watched: Watched) -> dict[str, str]:
    """The choice as the address keeps it."""
    return dict(parse_qsl(watched.page.evaluate("() => location.hash.slice(1)")))


def test_filters_are_where_the_rows_can_be_chosen(pages: dict[str, Page]) -> None:
    scopes = {scope for page in pages.values() for scope in page.scopes}
    assert scopes == {"territory", "product", "month"}
    assert sum(bool(page.scopes) for page in pages.values()) >= 5


def test_a_choice_shows_its_rows_and_can_be_taken_back(page: Page, watched: Watched) -> None:
    first = page.first_choice
    assert {name for name, value in chosen(watched).items() if value} <= {"month"}
    assert differences(page, watched.shown(), chosen(watched)) == []
    assert set(watched.page.evaluate(CHOSEN)) == page.scopes
    assert watched.undrawn() == []
    forms = watched.forms()
    for name in sorted(page.scopes):
        offered = options(watched, name)
        assert set(offered[1:] if name != "month" else offered) == page.values(name)
        for value in {offered[1], offered[-1]}:
            choose(watched, name, value)
            assert chosen(watched) == {**first, name: value}
            assert kept(watched) == {name: value}
            assert differences(page, watched.shown(), chosen(watched)) == []
            if page.redraws(first, chosen(watched)):
                assert watched.has_redrawn(forms)
        choose(watched, name, offered[0])
        assert kept(watched) == {}
    assert differences(page, watched.shown(), first) == []
    assert watched.has_redrawn(forms, to_same=True)
    assert watched.trouble == []


def test_choices_hold_together_and_go_along(
    filtered: Page, pages: dict[str, Page], watched: Watched
) -> None:
    page = filtered
    wanted = {name: options(watched, name)[1] for name in page.scopes}
    for name, value in wanted.items():
        choose(watched, name, value)
    assert kept(watched) == wanted
    assert differences(page, watched.shown(), chosen(watched)) == []
    for other in pages.values():
        if other is not page and other.scopes >= set(wanted):
            watched.page.locator(f'nav a[href^="{other.path.name}"]').first.click()
            watched.page.wait_for_url(f"**/{other.path.name}*")
            assert {name: chosen(watched)[name] for name in wanted} == wanted
            assert kept(watched) == wanted
            assert differences(other, watched.shown(), chosen(watched)) == []
            break
    watched.page.reload()
    assert kept(watched) == wanted
    assert watched.trouble == []


def test_a_jump_within_the_page_keeps_the_choice(filtered: Page, watched: Watched) -> None:
    wanted = {name: options(watched, name)[1] for name in filtered.scopes}
    for name, value in wanted.items():
        choose(watched, name, value)
    watched.page.evaluate("() => document.querySelector('a[href^=\"#\"]').click()")
    watched.settle()
    assert {name: chosen(watched)[name] for name in wanted} == wanted


def test_an_address_that_names_nothing_known_shows_the_first_view(
    filtered: Page, opens: Opens
) -> None:
    fragment = "#territory=%3Cimg%20src%3Dx%3E&product=&month=2025-13-99&x=1"
    with opens(filtered.path, fragment=fragment) as watched:
        assert chosen(watched) == filtered.first_choice
        assert differences(filtered, watched.shown(), chosen(watched)) == []
        assert watched.trouble == []


def unsorted(watched: Watched, pressed: dict[str, Any], cells: list[Cell]) -> str | None:
    """What is wrong with a column after its head was pressed."""
    direction, texts = pressed["sort"], [text(one) for one in pressed["texts"]]
    where = f"column {pressed['place']} of {pressed['block']}"
    if direction not in {"ascending", "descending"} or pressed["others"]:
        return f"{where}: sorted {direction}, {pressed['others']} other columns as well"
    known = [cell for cell in cells if raw(cell) is not None]
    words = {raw(cell): text(cell) for cell in known}
    values = [raw(cell) for cell in known]
    if all(isinstance(value, str) for value in values):
        values = watched.page.evaluate(ALPHABETICAL, values)
    else:
        values.sort()
    if direction == "descending":
        values.reverse()
    if texts[: len(values)] != [words[value] for value in values]:
        return f"{where}: {texts} is not {direction}"
    if len(texts) != len(cells) or set(texts[len(values) :]) & set(words.values()):
        return f"{where}: what is not known is not last: {texts}"
    return None


def test_pressing_a_head_sorts_its_column(page: Page, watched: Watched) -> None:
    blocks = {block.id: block for block in page.blocks}
    directions: dict[tuple[str, int], set[str]] = {}
    for pressed in watched.page.evaluate(SORTED):
        block, place = blocks[pressed["block"]], pressed["place"]
        name = block.names[block.data["shown"][place]]
        cells = [row[name] for row in block.chosen(chosen(watched))]
        assert unsorted(watched, pressed, cells) is None
        directions.setdefault((block.id, place), set()).add(pressed["sort"])
    assert [at for at, found in directions.items() if len(found) < 2] == []
    assert watched.trouble == []


def test_the_keyboard_sorts_as_well(opens: Opens, report_site: Path) -> None:
    with opens(report_site / "index.html") as watched:
        watched.page.evaluate(
            '() => document.querySelectorAll("details").forEach(one => { one.open = true; })'
        )
        head = watched.page.locator("section.block th").first
        head.locator("button").focus()
        found = []
        for key in ("Enter", "Enter", "Space"):
            watched.page.keyboard.press(key)
            found.append(head.get_attribute("aria-sort"))
        assert set(found) == {"ascending", "descending"}
        assert found[0] == found[2]
        assert watched.page.evaluate("() => document.activeElement.tagName") == "BUTTON"
