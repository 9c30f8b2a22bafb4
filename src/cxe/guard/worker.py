"""The guard's own process.

Great Expectations takes seconds to import and to write its pages; here it does so while the run
lands and builds. The process ends with the pipe, however the run ends.
"""

from __future__ import annotations

import logging
import os
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from multiprocessing.connection import Connection
    from pathlib import Path


def serve(
    pipe: Connection,
    inherited: Connection | None,
    folder: Path,
    warehouse: Path,
    published: Path | None,
    accepted: Collection[str],
) -> None:
    """Answer the name of a layer with its findings, and None when the last page is written.

    An answer that is an exception says that the expectations could not be run.

    Args:
        pipe: the run at its other end.
        inherited: the run's own end, if this process was forked and holds it too.
        folder: context of the run, by the run's name.
        warehouse: database to judge.
        published: version to compare with.
        accepted: names of expectations that do not block in this run.
    """
    if inherited is not None:
        inherited.close()
    # What the library says of its own work belongs into no terminal.
    log = os.open(folder / "great_expectations.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    logging.getLogger().setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    try:
        from cxe.guard.judge import Judge

        judge = Judge(folder, warehouse, published, accepted)
    except Exception as error:  # noqa: BLE001 - the run is told, and says it to the user
        pipe.send(RuntimeError(str(error)))
        return
    while True:
        try:
            layer = pipe.recv()
        except EOFError:
            return
        try:
            if layer is None:
                judge.render_index()
                pipe.send([])
                return
            pipe.send(judge.check(layer))
            judge.render(layer)
        except Exception as error:  # noqa: BLE001 - the run is told, and says it to the user
            pipe.send(RuntimeError(str(error)))
