"""Imported by the server of processes before it forks: what its children would otherwise do anew, each of them."""

from __future__ import annotations

import tests.faults.interruption
import tests.faults.sftp_workers  # noqa: F401
from tests.support import validator_maps

validator_maps.share()
for name in ("x12.control.00501.xml", "837.5010.X222.A1.xml"):
    validator_maps.read_shared(name, None)
