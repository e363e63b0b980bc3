"""Places with real ZIP codes for invented people: every state, the District of Columbia and five territories.

Source: United States ZIP codes as the `zipcodes` package (MIT) has them; area codes from the same rows.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Place(NamedTuple):
    """A town and its five-digit ZIP code."""

    state_code: str
    city: str
    postal_code: str


_TOWNS: Final = {
    "AL": (("Gadsden", "35905"), ("Anniston", "36206"), ("Newbern", "36765")),
    "AK": (("Anchorage", "99502"), ("Tok", "99780"), ("Kodiak", "99615")),
    "AZ": (("Cave Creek", "85331"), ("Phoenix", "85034"), ("Chandler", "85224")),
    "AR": (("Vandervoort", "71972"), ("Big Flat", "72617"), ("Hector", "72843")),
    "CA": (("Hemet", "92543"), ("Clovis", "93612"), ("San Jose", "95125")),
    "CO": (("Monument", "80132"), ("Pueblo", "81004"), ("Jefferson", "80456")),
    "CT": (("Canton", "06019"), ("Jewett City", "06351"), ("Wolcott", "06716")),
    "DE": (("Wilmington", "19805"), ("Winterthur", "19735"), ("Smyrna", "19977")),
    "FL": (("Kissimmee", "34747"), ("Englewood", "34223"), ("Pompano Beach", "33062")),
    "GA": (("Atlanta", "30303"), ("Cartersville", "30120"), ("Morrow", "30260")),
    "HI": (("Honolulu", "96825"), ("Waikoloa", "96738"), ("Aiea", "96701")),
    "ID": (("Murray", "83874"), ("Kellogg", "83837"), ("Pocatello", "83202")),
    "IL": (("Savanna", "61074"), ("Rockford", "61104"), ("Bonfield", "60913")),
    "IN": (("Gary", "46402"), ("Fort Wayne", "46815"), ("Jonesboro", "46938")),
    "IA": (("Buffalo Center", "50424"), ("Earling", "51530"), ("Davenport", "52806")),
    "KS": (("Copeland", "67837"), ("Elsmore", "66732"), ("Topeka", "66610")),
    "KY": (("Glendale", "42740"), ("Evarts", "40828"), ("Lick Creek", "41540")),
    "LA": (("Evangeline", "70537"), ("Braithwaite", "70040"), ("Cameron", "70631")),
    "ME": (("Edgecomb", "04556"), ("East Andover", "04226"), ("Portland", "04109")),
    "MD": (("Gaithersburg", "20879"), ("Lusby", "20657"), ("Columbia", "21045")),
    "MA": (("Millville", "01529"), ("Edgartown", "02539"), ("Boston", "02110")),
    "MI": (("Somerset Center", "49282"), ("Armada", "48005"), ("Baldwin", "49304")),
    "MN": (("Dent", "56528"), ("Nielsville", "56568"), ("La Crescent", "55947")),
    "MS": (("Potts Camp", "38659"), ("Cary", "39054"), ("Mc Cool", "39108")),
    "MO": (("Brixey", "65618"), ("Fairdealing", "63939"), ("Ravenwood", "64479")),
    "MT": (("Highwood", "59450"), ("Redstone", "59257"), ("Butte", "59750")),
    "NE": (("Wilsonville", "69046"), ("Staplehurst", "68439"), ("Omaha", "68112")),
    "NV": (("Las Vegas", "89139"), ("Henderson", "89011"), ("Fallon", "89406")),
    "NH": (("Rollinsford", "03869"), ("Sullivan", "03445"), ("Chester", "03036")),
    "NJ": (("Port Norris", "08349"), ("Camden", "08102"), ("Brigantine", "08203")),
    "NM": (("Bosque", "87006"), ("Alamogordo", "88310"), ("Moriarty", "87035")),
    "NY": (("Bloomfield", "14469"), ("Jamaica", "11436"), ("Nichols", "13812")),
    "NC": (("Durham", "27706"), ("Apex", "27502"), ("Pikeville", "27863")),
    "ND": (("Center", "58530"), ("Cooperstown", "58425"), ("Stanton", "58571")),
    "OH": (("Perry", "44081"), ("Cutler", "45724"), ("Youngstown", "44514")),
    "OK": (("Loyal", "73756"), ("Stringtown", "74569"), ("Oklahoma City", "73159")),
    "OR": (("Bend", "97703"), ("Huntington", "97907"), ("Agness", "97406")),
    "PA": (("Gifford", "16732"), ("Oakmont", "15139"), ("Washington Boro", "17582")),
    "RI": (("Exeter", "02822"), ("Middletown", "02842"), ("Kingston", "02881")),
    "SC": (("Greenwood", "29649"), ("Richburg", "29729"), ("Florence", "29506")),
    "SD": (("Arlington", "57212"), ("Stickney", "57375"), ("Corsica", "57328")),
    "TN": (("Taft", "38488"), ("Spring Hill", "37174"), ("Powder Springs", "37848")),
    "TX": (("Austin", "78756"), ("Mc Gregor", "76657"), ("Bynum", "76631")),
    "UT": (("Oakley", "84055"), ("Modena", "84753"), ("Fort Duchesne", "84026")),
    "VT": (("Wolcott", "05680"), ("West Fairlee", "05083"), ("Pawlet", "05761")),
    "VA": (("Weber City", "24290"), ("Goochland", "23063"), ("Yorktown", "23693")),
    "WA": (("Gig Harbor", "98335"), ("Woodinville", "98077"), ("Seattle", "98161")),
    "WV": (("Napier", "26631"), ("Cleveland", "26215"), ("North Spring", "24869")),
    "WI": (("Bloomington", "53804"), ("Stockholm", "54769"), ("Neopit", "54150")),
    "WY": (("Dubois", "82513"), ("Fort Bridger", "82933"), ("Ranchester", "82839")),
    "DC": (("Washington", "20005"), ("Washington", "20002"), ("Washington", "20016")),
    "PR": (("Comerio", "00782"), ("Anasco", "00610"), ("San Juan", "00927")),
    "GU": (("Agana Heights", "96919"), ("Santa Rita", "96915"), ("Hagatna", "96910")),
    "VI": (("Christiansted", "00820"), ("Kingshill", "00850"), ("St John", "00830")),
    "MP": (("Saipan", "96950"), ("Rota", "96951"), ("Tinian", "96952")),
    "AS": (("Pago Pago", "96799"), ("Pago Pago", "96799")),
}
#: An area code of each state.
AREA_CODES: Final = {
    "AL": "256", "AK": "907", "AZ": "480", "AR": "870", "CA": "951", "CO": "303", "CT": "860", "DE": "302", "FL": "321",
    "GA": "404", "HI": "808", "ID": "208", "IL": "815", "IN": "219", "IA": "507", "KS": "620", "KY": "270", "LA": "337",
    "ME": "207", "MD": "301", "MA": "508", "MI": "517", "MN": "218", "MS": "662", "MO": "417", "MT": "406", "NE": "308",
    "NV": "702", "NH": "603", "NJ": "856", "NM": "505", "NY": "585", "NC": "919", "ND": "701", "OH": "440", "OK": "405",
    "OR": "458", "PA": "582", "RI": "401", "SC": "864", "SD": "605", "TN": "931", "TX": "512", "UT": "435", "VT": "802",
    "VA": "276", "WA": "253", "WV": "304", "WI": "608", "WY": "307", "DC": "202", "PR": "787", "GU": "671", "VI": "340",
    "MP": "670", "AS": "684",
}  # fmt: skip
#: Towns by state; at least two each.
PLACES: Final = {state: tuple(Place(state, *town) for town in towns) for state, towns in _TOWNS.items()}
#: Where members of the armed forces abroad get their mail.
MILITARY: Final = (Place("AE", "APO", "09123"), Place("AP", "FPO", "96349"), Place("AA", "APO", "34020"))
