"""Write the sites: pages, style, script and the charts' library, swapped in at once."""

from __future__ import annotations

import gc
import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import resources
from multiprocessing import get_context
from typing import TYPE_CHECKING

import altair
import vl_convert
from altair.utils import schemapi
from jinja2 import Environment, PackageLoader, StrictUndefined

from cxe.errors import CxeError
from cxe.home import full_disk_explained
from cxe.ops import RUN_ID
from cxe.report.charts import CONFIG
from cxe.report.formats import month_text, text
from cxe.report.pages import PAGES, WORK_LIST
from cxe.report.source import Source

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from cxe.home import Home
    from cxe.report.blocks import Page

WORKERS = 2
_ALL = (*PAGES, WORK_LIST)
_source: Source


def write_report(home: Home) -> Path:
    """Write the report and the work list of the version that is published.

    `current` of either folder leads to it then. Sites of versions that are not published any more
    are removed.

    Returns:
        The folder of the report.

    Raises:
        InputError: nothing is published.
        CxeError: the disk is full, or a page cannot be made; the sites in place stay.
    """
    source = Source(home)
    folders = (home.reports, home.work_lists)
    try:
        with full_disk_explained(home):
            for folder in folders:
                for leftover in folder.glob(".*.unfinished*"):
                    _remove(leftover)
            unfinished = [folder / f".{source.version}.unfinished" for folder in folders]
            try:
                (*pages, work_list), vega = _pages_and_vega(home)
                for folder, of_site in zip(unfinished, (pages, [work_list]), strict=True):
                    _write(source, of_site, vega, folder)
                for folder in unfinished:
                    _put_in_place(folder, folder.with_name(source.version))
                for folder in folders:
                    _point_at(folder, source.version)
            except BaseException:
                for folder in unfinished:
                    _remove(folder)
                raise
            published = {path.name for path in home.published.iterdir()}
            for folder in folders:
                _prune(folder, published)
    finally:
        source.close()
    return home.reports / source.version


def _pages_and_vega(home: Home) -> tuple[list[Page], str]:
    """All pages, made by two processes, and the charts' library beside them.

    To compile the metrics' SQL keeps a processor busy.
    """
    places = range(len(_ALL))
    pool = ProcessPoolExecutor(
        WORKERS, get_context("spawn"), initializer=_open_source, initargs=(home,)
    )
    # The catalogue takes longest and stands near the end: those at the end begin.
    pages = {place: pool.submit(_page, place) for place in reversed(places)}
    try:
        vega = _vega()
        return [pages[place].result() for place in places], vega
    except BrokenProcessPool as error:
        raise CxeError(
            "A process that made pages of the report ended too early: for lack of memory, or "
            "because a script that calls cxe has no `if __name__ == '__main__':` before it "
            "does. Mend that and run `cxe report`."
        ) from error
    finally:
        # Not waited for: to leave takes them a second, in which the pages are written.
        pool.shutdown(wait=False, cancel_futures=True)


def _open_source(home: Home) -> None:
    global _source  # noqa: PLW0603 - what a process works on, from its first page to its last
    # Compiling makes many objects that last; to look through them again and again takes a tenth.
    gc.set_threshold(100_000, 50, 50)
    _source = Source(home)


def _page(place: int) -> Page:
    page = _ALL[place]
    try:
        # To check every part of a chart takes as long as to ask for its numbers; tests draw them.
        with schemapi.debug_mode(False):
            return page(_source)
    except CxeError:
        raise
    except Exception as error:
        # Of a page that meets what it does not know, the run is told, and says it to the user.
        name = page.__module__.rpartition(".")[2]
        raise CxeError(
            f"The page {name} cannot be made of this version ({type(error).__name__}), which is a "
            "defect of cxe. The numbers can be asked for with `cxe metrics` all the same."
        ) from error


def _write(source: Source, pages: list[Page], vega: str, folder: Path) -> None:
    environment = Environment(
        loader=PackageLoader("cxe.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"month": month_text, "text": text}
    (folder / "assets").mkdir(parents=True)
    for page in pages:
        html = environment.get_template(page.template).render(
            page=page,
            pages=pages,
            blocks={block.id: block for block in page.blocks},
            version=source.version,
            run=source.run,
            catalog=source.layer.catalog,
            **page.more,
        )
        (folder / page.file).write_text(html, encoding="utf-8")
    assets = resources.files("cxe.report").joinpath("assets")
    for name in ("report.css", "pages.css", "report.js"):
        (folder / "assets" / name).write_bytes(assets.joinpath(name).read_bytes())
    if any(page.has_charts for page in pages):
        (folder / "assets" / "vega.js").write_text(vega, encoding="utf-8")


def _vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one classic script: modules do not load from a file."""
    version = ".".join(altair.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    exported = "window.vegaEmbed = vegaEmbed;"
    bundle: str = vl_convert.javascript_bundle(exported, vl_version=version)
    return f"(function () {{{bundle}\nwindow.chartConfig = {json.dumps(CONFIG)};\n}})();\n"


def _put_in_place(unfinished: Path, target: Path) -> None:
    """Rename the finished site, and the one it takes the place of out of its way."""
    earlier = target.with_name(f".{target.name}.unfinished-earlier")
    if target.exists():
        target.rename(earlier)
    try:
        unfinished.rename(target)
    except OSError:
        if earlier.exists():
            earlier.rename(target)
        raise
    _remove(earlier)


def _point_at(folder: Path, version: str) -> None:
    """Swap the symlink in one step: a reader finds the old site or the new, never none."""
    link = folder / f".{version}.unfinished-link"
    link.symlink_to(version)
    link.replace(folder / "current")


def _prune(folder: Path, published: Collection[str]) -> None:
    """Keep the sites of the published versions."""
    for site in folder.iterdir():
        # What somebody else put there stays.
        is_site = RUN_ID.fullmatch(site.name) and not site.is_symlink()
        if is_site and site.name not in published:
            shutil.rmtree(site)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)
