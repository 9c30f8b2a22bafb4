"""Values of the extracts are text and nothing else, and what is personal stays out of the site."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from guard.delivered import Row, read, write
from guard.personal import personal_values
from worlds import Cxe, published

from cxe.home import Home
from cxe.report.site import write_report
from cxe.simulate import simulate
from report.pages import EVERY_PAGE, Page, page_file, read_pages
from report.watching import Opens, differences

# Markup, templates, ends of what a value may stand in, and what has a meaning in SQL or an address.
HOSTILE = " ".join(
    (
        "<script>window.hacked=1</script>",
        '"><img src=x onerror=window.hacked=1>',
        "'><svg/onload=window.hacked=1>",
        "{{ 7*7 }} {% raw %} ${7*7}",
        "</script><script>window.hacked=1</script>",
        "</style></textarea></title><!--",
        "' or '1'='1' --",
        "&ltb&gt a&b=c#d%20+e",
    )
)
SPOILT = {
    "account": (
        *("Name", "FirstName", "LastName", "Specialty_1_vod__c", "State__c"),
        *("Segmentations_vod__c", "Credentials_vod__c"),
    ),
    "user": ("Name", "Territory__c"),
    "product_vod__c": ("Name",),
    "sent_email_vod__c": ("Campaign__c",),
    "multichannel_activity_vod__c": ("Site_vod__c",),
    "medical_inquiry_vod__c": ("Delivery_Method_vod__c",),
    "call2_vod__c": ("Call_Type_vod__c",),
    "case": ("Subject", "CaseNumber"),
    "survey_response": ("Comment",),
    "sp_dispense": ("reversal_reason",),
    "nurse_contact": ("channel",),
}
# Marks are pointed at, because their tooltips hold values as well.
HOVER = """
() => [...document.querySelectorAll(".chart")].forEach(chart =>
    [...chart.querySelectorAll(".role-mark path")].slice(0, 5).forEach(mark => {
        const box = mark.getBoundingClientRect();
        for (const kind of ["pointermove", "mousemove", "mouseover"]) {
            mark.dispatchEvent(new MouseEvent(kind, {
                bubbles: true, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2,
            }));
        }
    }))
"""
INJECTED = """
() => [
    ...(window.hacked === undefined ? [] : ["window.hacked"]),
    ...[...document.querySelectorAll("*")]
        .filter(one => [...one.attributes].some(attribute => attribute.name.startsWith("on")))
        .map(one => one.outerHTML.slice(0, 100)),
    ...[...document.querySelectorAll("script")]
        .filter(one => one.type !== "application/json"
            && !/^assets\\/[a-z]+\\.js$/.test(one.getAttribute("src") ?? ""))
        .map(one => one.outerHTML.slice(0, 100)),
    ...[...document.querySelectorAll("main img, main b, main textarea, main style")]
        .map(one => one.outerHTML.slice(0, 100)),
]
"""


@dataclass(frozen=True)
class Attacked:
    """The report of a world whose texts are hostile.

    Attributes:
        territories: as the extracts name them.
        personal: what must not be told, as it was before it was spoilt.
    """

    home: Path
    territories: frozenset[str]
    personal: frozenset[str]


def hostile(value: str) -> str:
    return f"{value} {HOSTILE}"


def hostile_territories(row: Row) -> Row:
    return {"Territory_vod__c": ";".join(map(hostile, row["Territory_vod__c"].split(";")))}


def spoil(extracts: Path) -> None:
    """Make every text hostile that may reach a mart, in all deliveries."""
    for name, columns in SPOILT.items():
        for path in extracts.rglob(f"{name}__2*"):
            records = read(path)
            for row in records.rows:
                row.update({column: hostile(row[column]) for column in columns if row[column]})
                if row.get("Territory_vod__c"):
                    row.update(hostile_territories(row))
            write(path, records)


@pytest.fixture(scope="module")
def attacked(unchecked_cxe: Cxe, tmp_path_factory: pytest.TempPathFactory) -> Attacked:
    root = tmp_path_factory.mktemp("hostile")
    simulate(root / "world", hcps=60, months=14, seed=5)
    extracts, home = root / "world" / "extracts", root / "home"
    personal = personal_values(extracts, with_texts=True)
    spoil(extracts)
    unchecked_cxe("run", "--extracts", extracts, "--home", home)
    with published(home) as connection:
        territories = connection.execute(
            "select distinct territory from marts.dim_customers where territory is not null"
        ).fetchall()
    write_report(Home(home))
    return Attacked(
        home,
        frozenset(name for (name,) in territories),
        frozenset(personal),
    )


def test_the_world_is_hostile(attacked: Attacked) -> None:
    assert len(attacked.territories) > 1
    assert all(name.endswith(HOSTILE) for name in attacked.territories)
    pages = read_pages(attacked.home / "reports" / "current")
    chosen = {name for page in pages.values() for name in page.values("territory")}
    assert chosen >= attacked.territories
    assert any(
        HOSTILE in str(cell)
        for page in pages.values()
        for block in page.blocks
        for row in block.rows
        for cell in row.values()
    )


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_a_hostile_value_is_text(name: str, attacked: Attacked, opens: Opens) -> None:
    page = Page(page_file(attacked.home, name))
    assert page.handlers == []
    with opens(page.path) as watched:
        assert watched.undrawn() == []
        watched.page.evaluate(HOVER)
        watched.settle()
        assert watched.page.evaluate(INJECTED) == []
        if "territory" in page.scopes:
            filter_ = watched.page.locator("form.filters select[name=territory]")
            for territory in sorted(attacked.territories & page.values("territory"))[:2]:
                filter_.select_option(territory)
                watched.settle()
                assert filter_.locator("option:checked").inner_text() == territory
                choice = {**page.first_choice, "territory": territory}
                assert differences(page, watched.shown(), choice) == []
                watched.page.evaluate(HOVER)
                assert watched.page.evaluate(INJECTED) == []
                watched.page.reload()
                assert filter_.input_value() == territory
                assert watched.page.evaluate(INJECTED) == []
        assert watched.trouble == []


def told(home: Path, personal: frozenset[str] | set[str]) -> list[str]:
    """Personal values in any file of the sites of a home."""
    sites = [home / folder / "current" for folder in ("reports", "work_lists")]
    everything = "\n".join(
        path.read_text(encoding="utf-8")
        for site in sites
        for path in site.resolve().rglob("*")
        if path.is_file()
    )
    return [value for value in personal if value in everything]


def test_nothing_personal_is_told_of_a_hostile_world(attacked: Attacked) -> None:
    assert len(attacked.personal) > 200
    assert told(attacked.home, attacked.personal) == []


def test_nothing_personal_is_told_of_the_sample_world(
    sample_home: Path, sample_extracts: Path
) -> None:
    personal = personal_values(sample_extracts, with_texts=True)
    assert any("@" in value for value in personal)
    assert told(sample_home, personal) == []


def test_what_is_personal_would_be_found(tmp_path: Path) -> None:
    for folder, name in (("reports", "Ada Abel"), ("work_lists", "Cora Cole")):
        site = tmp_path / folder / "current"
        site.mkdir(parents=True)
        (site / "page.html").write_text(f"<td>{name}</td>", encoding="utf-8")
    found = told(tmp_path, {"Ada Abel", "Ben Brandt", "Cora Cole"})
    assert sorted(found) == ["Ada Abel", "Cora Cole"]
