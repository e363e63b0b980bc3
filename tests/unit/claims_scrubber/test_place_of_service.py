"""The place of service codes against the copy inside the validator that our files must pass."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from importlib import resources

from include.claims_scrubber.place_of_service import PLACE_OF_SERVICE_CODES


def test_the_codes_are_those_of_the_validator() -> None:
    with resources.files("pyx12").joinpath("map/codes.xml").open("rb") as file:
        sets = ElementTree.parse(file).iter("codeset")
        codes = {code.text for one in sets if one.findtext("id") == "pos" for code in one.iter("code")}
    assert codes
    assert codes == PLACE_OF_SERVICE_CODES
