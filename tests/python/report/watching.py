"""A page in the browser, and all that it says and asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, Route, TimeoutError

from report.pages import Choice, text
from report.pages import Page as ReadPage

FROM_ELSEWHERE = re.compile(r"^(?!file:|data:|blob:|about:)")
# Vega names what it draws by classes: `mark-line role-mark`.
UNDRAWN = """
() => [...document.querySelectorAll(".chart")]
    .filter(chart => !chart.querySelector(
        ".role-mark path, .role-mark rect, .role-mark text, .role-mark use"
    ))
    .map(chart => chart.closest("section.block").id)
"""
# What a chart looks like: colours may be said in its SVG or in the style sheet.
LOOKS = """
() => [...document.querySelectorAll(".chart")].map(chart =>
    [...chart.querySelectorAll("path, rect, text, line")].slice(0, 200).map(mark => {
        const style = getComputedStyle(mark);
        return [mark.tagName, style.fill, style.stroke].join(" ");
    }).join(";"))
"""
# Elements that reach out of the page, in no container that scrolls; none if the document fits.
STICKS_OUT = """
() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const out = [...document.body.querySelectorAll("*")]
        .filter(element => element.getBoundingClientRect().right > room + 1)
        .map(element => element.outerHTML.slice(0, 100));
    return ["the document", ...out.slice(0, 5)];
}
"""
# What a reader finds in each block: texts of the table and of the tiles by metric.
SHOWN = """
() => Object.fromEntries([...document.querySelectorAll("section.block")].map(block => [
    block.id,
    {
        summary: block.querySelector("p.summary")?.textContent ?? "",
        rows: [...block.querySelectorAll("tbody tr")].map(
            row => [...row.cells].map(cell => cell.textContent)
        ),
        tiles: Object.fromEntries([...block.querySelectorAll("a.tile")].map(
            tile => [tile.hash.slice(1), tile.querySelector(".value").textContent]
        )),
    },
]))
"""
# The form of what the charts draw, by block, in whatever order.
FORMS = """
() => Object.fromEntries([...document.querySelectorAll(".chart")].map(chart => [
    chart.closest("section.block").id,
    [...chart.querySelectorAll(".role-mark *")].map(mark =>
        ["d", "transform", "x2", "y2"].map(name => mark.getAttribute(name)).join(" ")
            + (mark.tagName === "text" ? mark.textContent : "")
    ).sort(),
]))
"""
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass(frozen=True)
class Shown:
    """What a reader finds in a block.

    Attributes:
        rows: texts of the table.
        tiles: texts of the tiles, by metric.
    """

    summary: str
    rows: list[list[str]]
    tiles: dict[str, str]


def differences(page: ReadPage, shown: dict[str, Shown], choice: Choice) -> list[str]:
    """Blocks that show something else than their rows for a choice."""
    found = []
    for block in page.blocks:
        rows, there = block.chosen(choice), shown[block.id]
        expected = block.tiles(rows) if block.is_tiles else block.texts(rows)
        if (there.tiles if block.is_tiles else there.rows) != expected:
            found.append(f"{block.id} for {choice}: {there} is not {expected}"[:2000])
    return found


class Watched:
    """A page that is being watched.

    Attributes:
        page: the page itself.
        patience: milliseconds for what a page does by and by.
        trouble: errors, warnings and requests that failed or went elsewhere, as they came.
    """

    def __init__(self, page: Page) -> None:
        """Begin to watch."""
        self.page = page
        self.patience = 5_000
        self.trouble: list[str] = []
        page.context.route(FROM_ELSEWHERE, self._refuse)
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        page.on(
            "requestfailed",
            lambda request: self.trouble.append(f"failed: {request.url} {request.failure}"),
        )

    def goto(self, path: Path, fragment: str = "") -> None:
        """Load a file of the site."""
        self.page.goto(path.as_uri() + fragment, wait_until="load")

    def settle(self) -> None:
        """Wait until the page has reacted to what was done to it."""
        self.page.evaluate(SETTLED)

    def undrawn(self) -> list[str]:
        """Blocks whose chart shows no marks, after a while."""
        return self.left_over(UNDRAWN)

    def left_over(self, function: str) -> list[str]:
        """What a function in the page still finds, after a while."""
        with suppress(TimeoutError):
            self.page.wait_for_function(f"() => ({function})().length === 0", timeout=self.patience)
        found: list[str] = self.page.evaluate(function)
        return found

    def sticking_out(self) -> list[str]:
        """What makes the document wider than the screen, after a while."""
        return self.left_over(STICKS_OUT)

    def looks(self) -> list[str]:
        """Colours of the marks, by chart."""
        found: list[str] = self.page.evaluate(LOOKS)
        return found

    def shown(self) -> dict[str, Shown]:
        """What a reader finds in the blocks, by id."""
        return {
            name: Shown(
                summary=text(found["summary"]),
                rows=[[text(cell) for cell in row] for row in found["rows"]],
                tiles={metric: text(value) for metric, value in found["tiles"].items()},
            )
            for name, found in self.page.evaluate(SHOWN).items()
        }

    def forms(self) -> dict[str, list[str]]:
        """The form of what the charts draw, by block."""
        found: dict[str, list[str]] = self.page.evaluate(FORMS)
        return found

    def has_redrawn(self, before: dict[str, list[str]], *, to_same: bool = False) -> bool:
        """Whether charts come to look different from before, or the same again."""
        sign = "===" if to_same else "!=="
        changed = f"before => JSON.stringify(({FORMS})()) {sign} JSON.stringify(before)"
        with suppress(TimeoutError):
            self.page.wait_for_function(changed, arg=before, timeout=self.patience)
        return (self.forms() == before) is to_same

    def _refuse(self, route: Route) -> None:
        self.trouble.append(f"asked for {route.request.url}")
        route.abort()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.trouble.append(f"{message.type}: {message.text}")


Opens = Callable[..., AbstractContextManager[Watched]]
