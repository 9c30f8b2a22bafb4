"""Every page in a browser, from the file system: it loads, fits, can be read and operated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from report.pages import EVERY_PAGE, Page, page_file
from report.watching import Opens, Watched, differences

SIZES = {"phone": (390, 844), "laptop": (1366, 768), "wide": (1920, 1080)}
SCHEMES = ("light", "dark")
MOST_TABS = 40
OPEN_ALL = '() => document.querySelectorAll("details").forEach(one => { one.open = true; })'
# What shows that an element has the focus, and where it stands.
FOCUSED = """
() => {
    const focused = document.activeElement, style = getComputedStyle(focused);
    const box = focused.getBoundingClientRect();
    return {
        name: focused.outerHTML.slice(0, 80),
        href: focused.getAttribute("href"),
        isNowhere: focused === document.body,
        isMarked: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1)
            || style.boxShadow !== "none",
        isVisible: box.width > 1 && box.height > 1 && box.left >= 0 && box.top >= 0,
    };
}
"""


@pytest.fixture(scope="module", params=EVERY_PAGE)
def watched(request: pytest.FixtureRequest, opens: Opens, sample_home: Path) -> Iterator[Watched]:
    """A page, loaded once for all that is looked at."""
    with opens(page_file(sample_home, request.param)) as page:
        yield page


@pytest.fixture(scope="module")
def axe() -> Axe:
    return Axe()


def barriers(axe: Axe, watched: Watched) -> list[str]:
    """What keeps people out, as axe-core finds it: serious and critical violations."""
    # It would load the style sheets once more, which a browser refuses a page from a file.
    options = {"resultTypes": ["violations"], "preload": False}
    return [
        f"{found['id']} at {node['target']}: {node['failureSummary']}"
        for found in axe.run(watched.page, options=options).response["violations"]
        if found["impact"] in {"serious", "critical"}
        for node in found["nodes"][:5]
    ]


def seen(watched: Watched, size: str, scheme: Any) -> None:
    """Look at a page on a screen, in light or in the dark."""
    width, height = SIZES[size]
    watched.page.set_viewport_size({"width": width, "height": height})
    watched.page.emulate_media(color_scheme=scheme)
    watched.settle()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_a_page_is_drawn_fits_and_complains_of_nothing(
    watched: Watched, size: str, scheme: str
) -> None:
    seen(watched, size, scheme)
    assert watched.undrawn() == []
    assert watched.sticking_out() == []
    assert watched.trouble == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_page_can_be_read_by_everyone(watched: Watched, axe: Axe, scheme: str) -> None:
    seen(watched, "laptop", scheme)
    watched.page.evaluate(OPEN_ALL)
    assert watched.undrawn() == []
    assert barriers(axe, watched) == []


def test_the_keyboard_gets_everywhere_and_is_seen(watched: Watched) -> None:
    seen(watched, "laptop", "light")
    page = watched.page
    page.reload()
    for place in range(MOST_TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused["isNowhere"]:
            assert place > 1
            break
        if not place:
            assert re.fullmatch(r"#.+", focused["href"] or ""), f"no skip link: {focused['name']}"
            assert page.evaluate(
                "link => !!document.querySelector(link)?.closest('main')", focused["href"]
            )
            assert focused["isVisible"], focused["name"]
        assert focused["isMarked"], f"focus cannot be seen: {focused['name']}"


def theme(watched: Watched) -> str:
    return str(watched.page.evaluate("() => document.documentElement.dataset.theme"))


def test_the_theme_is_chosen_kept_and_drawn(opens: Opens, report_site: Path) -> None:
    with opens(report_site / "index.html") as watched:
        toggle = watched.page.get_by_role("button", name=re.compile("theme", re.IGNORECASE))
        assert watched.undrawn() == []
        looks, order = {theme(watched): watched.looks()}, [theme(watched)]
        for _ in range(3):
            toggle.click()
            watched.settle()
            order.append(theme(watched))
            looks[order[-1]] = watched.looks()
            watched.page.reload()
            assert theme(watched) == order[-1]
            assert watched.undrawn() == []
            assert watched.looks() == looks[order[-1]]
        assert order[0] == order[-1] == "auto"
        assert set(order) == {"auto", "light", "dark"}
        # The system is light.
        assert looks["light"] == looks["auto"]
        assert looks["light"]
        for light, dark in zip(looks["light"], looks["dark"], strict=True):
            assert light != dark
        assert watched.trouble == []


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_a_page_says_all_without_scripts(name: str, opens: Opens, sample_home: Path) -> None:
    path = page_file(sample_home, name)
    page = Page(path)
    with opens(path, scripts=False) as watched:
        shown = watched.shown()
        assert set(shown) >= {block.id for block in page.blocks}
        assert [name for name, found in shown.items() if not found.summary] == []
        assert differences(page, shown, page.first_choice) == []


def test_the_overview_prints_on_one_page(opens: Opens, report_site: Path) -> None:
    with opens(report_site / "index.html") as watched:
        assert watched.undrawn() == []
        printed = watched.page.pdf(format="A4", prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


def test_a_page_with_a_choice_prints_it_and_no_sentence_of_another(
    opens: Opens, report_site: Path
) -> None:
    for fragment, is_told in (("", True), ("#territory=T001", False)):
        with opens(report_site / "cvar.html", fragment=fragment) as watched:
            assert watched.undrawn() == []
            watched.page.emulate_media(media="print")
            summaries = watched.page.locator("#headline .summary")
            assert summaries.is_visible() is is_told
            assert watched.page.locator("form.filters select").first.is_visible()


BAD = """<!DOCTYPE html>
<html lang="en"><title>Bad</title><body style="background: #fff">
<p style="color: #eee; width: 3000px">Hardly to be read</p>
<section class="block" id="empty"><div class="chart" role="img" aria-label="x"><svg></svg></div>
</section>
<img src="gone.png" alt=""><img src="https://elsewhere.example/x.png" alt="">
<script>console.warn("odd"); throw new Error("broken");</script>
</body></html>
"""


def test_what_is_wrong_with_a_page_is_found(opens: Opens, tmp_path: Path, axe: Axe) -> None:
    (tmp_path / "bad.html").write_text(BAD, encoding="utf-8")
    with opens(tmp_path / "bad.html") as watched:
        watched.patience = 100
        assert watched.undrawn() == ["empty"]
        assert watched.sticking_out()[0] == "the document"
        assert [found.split(" ")[0] for found in barriers(axe, watched)] == ["color-contrast"]
        for trouble in ("warning: odd", "broken", "gone.png", "asked for https://elsewhere"):
            assert [found for found in watched.trouble if trouble in found], trouble
