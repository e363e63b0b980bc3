"""Which policy and which authorization a claim stands on: chosen from all that the client has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from include.claim_records.positions import ABSENT, Ids, Mask, Positions, days, look_up, pair

_ALWAYS: Final = 10**9


@dataclass(frozen=True)
class Coverage:
    """Per claim: the position of its policy among the policies, and how many of its level are in force."""

    policies: Positions
    in_force_count: Ids


def choose_policies(client_ids: Ids, levels: pd.Series, service_on: Ids, policies: pd.DataFrame) -> Coverage:
    """The policy of each claim's level in force on the service date; when none is, the latest of that level.

    Of several in force the latest start counts, then the lowest policy_id. `policies` in order of client_id.
    """
    claims, rows = pair(client_ids, policies["client_id"].to_numpy())
    codes = pd.factorize(pd.concat([levels, policies["level"]], ignore_index=True).to_numpy())[0]
    same = codes[: len(levels)][claims] == codes[len(levels) :][rows]
    claims, rows = claims[same], rows[same]
    starts, ends = days(policies["starts_on"], -_ALWAYS)[rows], days(policies["ends_on"], _ALWAYS)[rows]
    in_force = (starts <= service_on[claims]) & (ends >= service_on[claims])
    counts = np.bincount(claims[in_force], minlength=len(client_ids))
    order = np.lexsort((policies["policy_id"].to_numpy()[rows], -starts, ~in_force, claims))
    first = look_up(np.arange(len(client_ids)), claims[order])
    return Coverage(np.where(first == ABSENT, ABSENT, _at(rows[order], first)), counts.astype("int64"))


@dataclass(frozen=True)
class Authorizations:
    """Per claim: the position of the authorization in force, and of the one that ended last when none is."""

    in_force: Positions
    lapsed: Positions


def choose_authorizations(
    client_ids: Ids, insurer_ids: Ids, service_on: Ids, services: tuple[Positions, Ids], authorizations: pd.DataFrame
) -> Authorizations:
    """The authorization of each claim's client and insurer that began by the service date.

    One for a service type counts where the claim has a line of it, and before one for every service; then the latest
    start counts. `services`: claim and service_type_id of each line. `authorizations` in order of client_id.
    """
    nothing = np.full(len(client_ids), ABSENT, dtype=np.intp)
    if not len(authorizations):
        return Authorizations(nothing, nothing)
    claims, rows = pair(client_ids, authorizations["client_id"].to_numpy())
    service_type_ids = authorizations["service_type_id"].to_numpy()
    starts, ends = days(authorizations["starts_on"], -_ALWAYS), days(authorizations["ends_on"], _ALWAYS)
    applies = (
        (authorizations["insurer_id"].to_numpy()[rows] == insurer_ids[claims])
        & (starts[rows] <= service_on[claims])
        & ((service_type_ids[rows] == 0) | _has_service(claims, service_type_ids[rows], services))
    )
    claims, rows = claims[applies], rows[applies]
    is_in_force = ends[rows] >= service_on[claims]
    of_all = service_type_ids[rows] == 0
    newest = np.lexsort((authorizations["prior_authorization_id"].to_numpy()[rows], -starts[rows], of_all, claims))
    newest = newest[is_in_force[newest]]
    ended = np.lexsort((-ends[rows], claims))
    ended = ended[~is_in_force[ended]]
    in_force, lapsed = (
        np.where(first == ABSENT, ABSENT, _at(rows[order], first))
        for order in (newest, ended)
        for first in (look_up(np.arange(len(client_ids)), claims[order]),)
    )
    return Authorizations(in_force, np.where(in_force == ABSENT, lapsed, ABSENT))


def _has_service(claims: Positions, service_type_ids: Ids, services: tuple[Positions, Ids]) -> Mask:
    """Whether each claim has a line of the service type."""
    line_claims, line_services = services
    distinct, codes = np.unique(np.concatenate([line_services, service_type_ids]), return_inverse=True)
    keys = np.sort(line_claims * len(distinct) + codes[: len(line_services)])
    found: Mask = look_up(claims * len(distinct) + codes[len(line_services) :], np.unique(keys)) != ABSENT
    return found


def _at(values: Positions, positions: Positions) -> Positions:
    """The values at `positions`; anything where absent."""
    return values[positions] if len(values) else positions
