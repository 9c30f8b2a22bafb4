"""Request chains: a prior authorization with its appeals, decided by the last of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from golden.cases import PriorAuth


@dataclass(frozen=True)
class Chain:
    """A request with its appeals; `first_request` is null where only the appeals were delivered.

    `chain_id` is the id of the first request, delivered or not.
    """

    chain_id: str
    first_request: PriorAuth | None
    prior_auths: tuple[PriorAuth, ...]

    @property
    def opener(self) -> PriorAuth:
        """The one submitted first: it may be an appeal."""
        return min(self.prior_auths, key=lambda request: (request.submitted_at, request.pa_id))

    @property
    def case_id(self) -> str:
        return self.opener.case_id

    @property
    def appeals(self) -> list[PriorAuth]:
        return [request for request in self.prior_auths if request.parent_pa_id is not None]

    @property
    def last(self) -> PriorAuth:
        return latest(self.prior_auths)

    @property
    def decided_at(self) -> datetime | None:
        """When the final answer came; null while the last request or appeal is not decided."""
        return self.last.response_at if self.last.is_decided else None


def latest(prior_auths: Iterable[PriorAuth]) -> PriorAuth:
    return max(
        prior_auths,
        key=lambda request: (
            request.submitted_at,
            request.attempt_no is not None,
            request.attempt_no or 0,
            request.pa_id,
        ),
    )


def chains_by_case(prior_auths: Iterable[PriorAuth]) -> Mapping[str, list[Chain]]:
    by_id = {request.pa_id: request for request in prior_auths}
    members: dict[str, list[PriorAuth]] = defaultdict(list)
    for request in by_id.values():
        members[_top(request.pa_id, by_id)].append(request)
    chains: dict[str, list[Chain]] = defaultdict(list)
    for top, requests in members.items():
        first = by_id.get(top)
        is_request = first is not None and first.parent_pa_id is None
        chain = Chain(top, first if is_request else None, tuple(requests))
        chains[chain.case_id].append(chain)
    return chains


def _top(pa_id: str, by_id: Mapping[str, PriorAuth]) -> str:
    """The first request's id, delivered or not; in a circle of appeals its smallest id."""
    path = [pa_id]
    while path[-1] in by_id:
        parent = by_id[path[-1]].parent_pa_id
        if parent is None:
            break
        if parent in path:
            return min(path[path.index(parent) :])
        path.append(parent)
    return path[-1]
