"""Receivers as the database states them: who they are on a file, and how files reach them."""

from __future__ import annotations

from typing import Any

import psycopg

from include.clearinghouse.drop_box import DropBoxSettings
from include.clearinghouse.interchange import Receiver
from include.errors import BillingError

Connection = psycopg.Connection[Any]

DEFAULT_RECEIVER = "default"


def read_receiver(connection: Connection, receiver_code: str) -> Receiver:
    """Who sends and receives with this code. Raises `BillingError` when there is no such row."""
    row = connection.execute(
        "SELECT receiver_code, submitter_id, submitter_name, contact_name, contact_phone, receiver_id, name,"
        " usage_indicator, file_extension FROM billing.receiver WHERE receiver_code = %s",
        (receiver_code,),
    ).fetchone()
    if row is None:
        raise _unknown(receiver_code)
    code, submitter_id, submitter_name, contact_name, contact_phone, receiver_id, name, usage, extension = row
    return Receiver(
        receiver_code=code,
        submitter_id=submitter_id,
        submitter_name=submitter_name,
        contact_name=contact_name,
        contact_phone=contact_phone,
        receiver_id=receiver_id,
        receiver_name=name,
        usage_indicator=usage,
        file_extension=extension,
    )


def read_drop_box_settings(connection: Connection, receiver_code: str) -> DropBoxSettings:
    """How files reach this receiver and answers come back. Raises `BillingError` when there is no such row."""
    row = connection.execute(
        "SELECT receiver_code, delivery_method, connection_id, claims_folder, answers_folder, upload_pattern,"
        " temporary_suffix, temporary_folder, can_read_back FROM billing.receiver WHERE receiver_code = %s",
        (receiver_code,),
    ).fetchone()
    if row is None:
        raise _unknown(receiver_code)
    code, method, connection_id, claims, answers, pattern, suffix, folder, can_read_back = row
    return DropBoxSettings(
        receiver_code=code,
        delivery_method=method,
        connection_id=connection_id,
        claims_folder=claims,
        answers_folder=answers,
        upload_pattern=pattern,
        temporary_suffix=suffix,
        temporary_folder=folder,
        can_read_back=can_read_back,
    )


def _unknown(receiver_code: str) -> BillingError:
    return BillingError(f"billing.receiver has no row {receiver_code}: add the clearinghouse's ids there")
