"""The report of the sample world, and a browser to look at it with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from report.watching import Opens, Watched

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def report_site(sample_home: Path) -> Path:
    """Folder of the report that the sample world's run wrote."""
    return (sample_home / "reports" / "current").resolve()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Chromium, as it is installed here; `make browser` installs it where it can."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        is_installable = os.geteuid() == 0 and shutil.which("apt-get")
        why = "`make browser` failed to" if is_installable else "that takes root and apt-get"
        pytest.skip(f"chromium is not installed and cannot be: {why}")
    playwright: Playwright = request.getfixturevalue("playwright")
    launched = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def opens(browser: Browser) -> Opens:
    """Open a page in a context of its own; what it says and asks for is written down."""

    @contextmanager
    def open_page(path: Path, *, fragment: str = "", scripts: bool = True) -> Iterator[Watched]:
        context = browser.new_context(
            java_script_enabled=scripts,
            viewport={"width": 1366, "height": 768},
            color_scheme="light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(10_000)
        try:
            watched = Watched(context.new_page())
            watched.goto(path, fragment)
            yield watched
        finally:
            context.close()

    return open_page
