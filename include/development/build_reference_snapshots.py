"""``make reference-snapshots``: the shipped table of diagnosis codes anew, and the checksums of the manifest.

For who publishes the software: it needs the package simple-icd-10-cm, which nothing else needs, so it is not among the
requirements. The other tables are kept by hand; the README beside them says from which sources.
"""

from __future__ import annotations

import csv
import gzip
import importlib
import importlib.metadata
import io
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from include.reference_data.load import SNAPSHOTS
from include.reference_data.releases import checksum, files_of
from include.reference_data.tables import FILES, SHIPPED_RELEASES

PACKAGE = "simple-icd-10-cm"
#: What each version of the package holds: label, source, first and last service date. The file of April takes the place
#: of October's, so it says nothing about days before; the next one comes in October.
ICD_RELEASES: Mapping[str, tuple[str, str, str, str]] = {
    "1.5.0": (
        "ICD-10-CM of April 1, 2026 (fiscal year 2026)",
        "CDC/NCHS tabular list and code list, from the package simple-icd-10-cm 1.5.0",
        "2026-04-01",
        "2026-09-30",
    ),
}


class SnapshotError(RuntimeError):
    """The snapshot cannot be built; the message says what to do."""


def read_diagnosis_codes() -> list[tuple[str, bool]]:
    """(code without dot, whether it is billable) of every category and subcategory, in order of code."""
    try:
        # Not a requirement, so not known to who checks types either. It takes about five seconds and 190 MB.
        icd = importlib.import_module("simple_icd_10_cm")
    except ModuleNotFoundError as error:
        raise SnapshotError(f"{PACKAGE} is missing: pip install {PACKAGE}=={max(ICD_RELEASES)}") from error
    codes = {code for code in icd.get_all_codes(with_dots=False) if icd.is_category_or_subcategory(code)}
    return [(code, bool(icd.is_leaf(code))) for code in sorted(codes)]


def write_diagnosis_codes(path: Path, codes: Iterable[tuple[str, bool]]) -> None:
    """The snapshot as packed CSV; the same codes give the same bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FILES["diagnosis_code"].column_names)
    writer.writerows((code, "true" if is_billable else "false", "", "") for code, is_billable in codes)
    path.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))


def write_manifest(directory: Path, icd_release: tuple[str, str, str, str] | None) -> None:
    """The manifest with the checksums the files have now; labels, sources and days stay, except of the new release."""
    path = directory / SHIPPED_RELEASES.file
    with path.open(encoding="utf-8", newline="") as file:
        rows = {row["table_name"]: row for row in csv.DictReader(file)}
    if icd_release is not None:
        label, source, covers_from, covers_to = icd_release
        rows["diagnosis_code"] = {
            "table_name": "diagnosis_code",
            "release_label": label,
            "source": source,
            "covers_from": covers_from,
            "covers_to": covers_to,
        }
    files = {name: file for name, file in files_of(directory).items() if name in FILES}
    unstated = sorted(set(files) - set(rows))
    if unstated:
        raise SnapshotError(f"{path.name} has no row for {', '.join(unstated)}: add label, source and days")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, SHIPPED_RELEASES.column_names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**rows[name], "sha256": checksum(files[name])} for name in sorted(files))


def main() -> int:
    try:
        version = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        version = ""
    try:
        if version and version not in ICD_RELEASES:
            raise SnapshotError(f"{PACKAGE} {version}: say in ICD_RELEASES of {Path(__file__).name} what it holds")
        codes = read_diagnosis_codes()
        write_diagnosis_codes(SNAPSHOTS / "diagnosis_code.csv.gz", codes)
        write_manifest(SNAPSHOTS, ICD_RELEASES[version])
    except SnapshotError as error:
        print(error, file=sys.stderr)
        return 1
    billable = sum(is_billable for _, is_billable in codes)
    print(f"{len(codes)} diagnosis codes, {billable} of them billable: {ICD_RELEASES[version][0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
