"""Sessions by video or telephone: place of service and modifiers against what the appointment says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from include.claims_scrubber.catalogue import edit
from include.claims_scrubber.context import Hits, ScrubContext, hits, hits_at
from include.claims_scrubber.modifiers import (
    AUDIO,
    COLUMNS,
    STORED,
    TELEHEALTH,
    VIDEO,
    VIDEO_GT,
    build_line_bits,
    joined,
)

_PLACES = "CMS, change request 12427: places of service 02 and 10, in force since 1 January 2022"
_MEANINGS = "CPT modifiers 93 and 95, HCPCS modifiers FQ, GQ and GT; codingintel.com/telemedicine-modifier-95"
_PLACE_WHERE = "Appointment › Place of service, or Appointment › Telehealth"
_PLACE_COLUMNS = ("practice.appointment.place_of_service_code", "practice.appointment.telehealth")
_MODIFIER_WHERE = "Appointment › Services › Modifiers, or Appointment › Telehealth"
_MODIFIER_COLUMNS = (
    "practice.appointment_service.modifier_1",
    "practice.service_type.modifier_1",
    "practice.appointment.telehealth",
)

_BY_VIDEO = 1
_BY_AUDIO = 2
_KINDS = {"video": _BY_VIDEO, "audio": _BY_AUDIO}
_IS_REMOTE = 1


def _kind(text: str) -> int:
    return _KINDS.get(text, 0)


def _remote_place(text: str) -> int:
    return _IS_REMOTE if text in ("02", "10") else 0


def _kinds(context: ScrubContext) -> npt.NDArray[np.int64]:
    """Per claim how the session was held; 0 in person. A void repeats what was sent, and is not asked."""
    kinds = context.marks("telehealth", _kind)
    return np.where(context.is_void, 0, kinds) if context.is_void.any() else kinds


def _is_remote(context: ScrubContext) -> npt.NDArray[np.int64]:
    return context.marks("place_of_service_code", _remote_place)


def _shown(context: ScrubContext, positions: npt.NDArray[np.intp]) -> Hits:
    return Hits(positions, joined(context.lines, positions))


@edit(
    "TLH01",
    number=63,
    grain="claim",
    message=(
        "The session was telehealth, and the place of service is another than 10 (client at home) and 02 (client "
        "elsewhere)."
    ),
    fix_location=_PLACE_WHERE,
    fix_columns=_PLACE_COLUMNS,
    loop_segment="2300 CLM05-1",
    source=_PLACES,
    # Some insurers want the place of an in-person session.
    is_overridable=True,
    default_severity="warning",
)
def telehealth_has_another_place(context: ScrubContext) -> Hits:
    remote = np.flatnonzero(_kinds(context))
    # A missing place is a finding of its own.
    wrong = (_is_remote(context)[remote] == 0) & ~context.is_blank("place_of_service_code")[remote]
    return hits_at(remote[wrong], context.claims["place_of_service_code"])


@edit(
    "TLH02",
    number=64,
    grain="line",
    message="Line {line_number}: the insurer wants a telehealth modifier for such a session, and it is missing.",
    fix_location=_MODIFIER_WHERE,
    fix_columns=_MODIFIER_COLUMNS,
    loop_segment="2400 SV101-3 to SV101-6",
    source="codingintel.com/telemedicine-modifier-95; the insurers' modifiers are the practice's own table",
    is_overridable=True,
    needs="payer_telehealth",
)
def telehealth_modifier_is_missing(context: ScrubContext) -> Hits:
    kinds = _kinds(context)
    lines = np.flatnonzero(kinds[context.claim_of_line]) if kinds.any() else np.array([], dtype=np.intp)
    is_asked, is_met = _payers_wishes(context, lines, kinds)
    return _shown(context, lines[is_asked & ~is_met])


def _payers_wishes(
    context: ScrubContext, lines: npt.NDArray[np.intp], kinds: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Per line at `lines`: the payer's table asks for a modifier on such a session; the line carries one of those."""
    is_asked, is_met = np.zeros(len(lines), dtype=np.bool_), np.zeros(len(lines), dtype=np.bool_)
    if not context.references.is_loaded("payer_telehealth"):
        return is_asked, is_met
    table = context.references.table("payer_telehealth")
    wanted: dict[tuple[str, int], set[str]] = {}
    for payer, kind, modifier in zip(table["payer_code"], table["telehealth"], table["modifier"], strict=True):
        wanted.setdefault((payer, _KINDS.get(kind, 0)), set()).add(modifier)
    codes, payers = context.columns.distinct("payer_code")
    owners = context.claim_of_line[lines]
    # A payer and a kind of session have one set of modifiers, any of which will do.
    key = codes[owners].astype(np.int64) * 4 + kinds[owners]
    for one in np.unique(key[codes[owners] >= 0]):
        modifiers = wanted.get((payers[one // 4], int(one % 4)))
        if modifiers:
            own = np.flatnonzero(key == one)
            is_asked[own] = True
            is_met[own] = _carries(context, lines[own], modifiers)
    return is_asked, is_met


def _carries(context: ScrubContext, lines: npt.NDArray[np.intp], modifiers: set[str]) -> npt.NDArray[np.bool_]:
    """Per line at `lines`: one of its modifiers is among `modifiers`."""
    carries = np.zeros(len(lines), dtype=np.bool_)
    for column in COLUMNS:
        codes, texts = context.line_columns.distinct(column)
        among = np.array([*(text.strip().upper() in modifiers for text in texts), False], dtype=np.bool_)
        carries |= among[codes[lines]]
    return carries


@edit(
    "TLH03",
    number=64,
    grain="line",
    message=(
        "Line {line_number}: the telehealth modifier does not match the session: 95 and GT mean video, 93 and FQ sound "
        "only."
    ),
    fix_location=_MODIFIER_WHERE,
    fix_columns=_MODIFIER_COLUMNS,
    loop_segment="2400 SV101-3 to SV101-6",
    source=_MEANINGS,
    is_overridable=True,
)
def telehealth_modifier_does_not_match(context: ScrubContext) -> Hits:
    bits = context.once(build_line_bits)
    lines = np.flatnonzero(bits & TELEHEALTH)
    kinds = _kinds(context)
    held, bits = kinds[context.claim_of_line[lines]], bits[lines]
    says_video, says_audio = (bits & (VIDEO | VIDEO_GT)) != 0, (bits & AUDIO) != 0
    wrong = ((held == _BY_VIDEO) & says_audio) | ((held == _BY_AUDIO) & says_video)
    # A line that says both has a finding of its own.
    lines = lines[wrong & ~(says_video & says_audio)]
    # Some insurers want 95 on telephone calls too.
    return _shown(context, lines[~_payers_wishes(context, lines, kinds)[1]])


@edit(
    "TLH04",
    number=112,
    grain="claim",
    message="The place of service is telehealth (02, 10), and the appointment is not marked as video or telephone.",
    fix_location=_PLACE_WHERE,
    fix_columns=_PLACE_COLUMNS,
    loop_segment="2300 CLM05-1",
    source=_PLACES,
    is_overridable=True,
    default_severity="warning",
)
def place_says_telehealth(context: ScrubContext) -> Hits:
    in_person = (context.marks("telehealth", _kind) == 0) & ~context.is_void
    return hits((_is_remote(context) != 0) & in_person, context.claims["place_of_service_code"])


@edit(
    "TLH05",
    number=113,
    grain="line",
    message=(
        "Line {line_number}: a modifier says telehealth (93, 95, FQ, GQ, GT), and the session was in person by its "
        "place of service and by the appointment."
    ),
    fix_location=_MODIFIER_WHERE,
    fix_columns=_MODIFIER_COLUMNS,
    loop_segment="2400 SV101-3 to SV101-6, 2300 CLM05-1",
    source=_MEANINGS,
    is_overridable=True,
    default_severity="warning",
)
def modifier_says_telehealth(context: ScrubContext) -> Hits:
    lines = np.flatnonzero(context.once(build_line_bits) & TELEHEALTH)
    owners = context.claim_of_line[lines]
    in_person = (context.marks("telehealth", _kind)[owners] == 0) & ~context.is_void[owners]
    return _shown(context, lines[in_person & (_is_remote(context)[owners] == 0)])


@edit(
    "TLH06",
    number=114,
    grain="line",
    message="Line {line_number}: one modifier says video (95, GT), another sound only (93, FQ); keep the true one.",
    fix_location=_MODIFIER_WHERE,
    fix_columns=_MODIFIER_COLUMNS,
    loop_segment="2400 SV101-3 to SV101-6",
    source=_MEANINGS,
    is_overridable=True,
    rejection_codes=("A7:453",),
)
def modifiers_contradict(context: ScrubContext) -> Hits:
    bits = context.once(build_line_bits)
    return _shown(context, np.flatnonzero(((bits & (VIDEO | VIDEO_GT)) != 0) & ((bits & AUDIO) != 0)))


@edit(
    "TLH07",
    number=115,
    grain="line",
    message="Line {line_number}: two modifiers say the session's telehealth (95, GT, GQ); insurers want one of them.",
    fix_location=_MODIFIER_WHERE,
    fix_columns=_MODIFIER_COLUMNS,
    loop_segment="2400 SV101-3 to SV101-6",
    source=_MEANINGS,
    is_overridable=True,
    default_severity="warning",
)
def telehealth_is_said_twice(context: ScrubContext) -> Hits:
    bits = context.once(build_line_bits)
    said = np.bitwise_count(bits & (VIDEO | VIDEO_GT | STORED))
    return _shown(context, np.flatnonzero(said > 1))
