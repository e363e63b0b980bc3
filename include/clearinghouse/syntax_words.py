"""Words for the codes of TA1 and 999, our own and short.

Which code means what: X12 elements I18 (TA105), 620 (IK304), 621 (IK403), 618 (IK502) and 716 (AK905) of release 5010,
as stedi.com/edi restates them. Our files are checked before they leave, so what these name is hardly ever a biller's
to correct: a setting of the receiver, or a fault of ours.
"""

from __future__ import annotations

from typing import Final

TA1_NOTES: Final = {
    "000": "No error",
    "001": "The file's number at its beginning and end differ",
    "002": "The receiver does not take this standard",
    "003": "The receiver does not take this version of the envelope",
    "004": "The character that ends segments is not valid",
    "005": "The kind of the sender's ID is not valid",
    "006": "The sender's ID is not valid",
    "007": "The kind of the receiver's ID is not valid",
    "008": "The receiver's ID is not valid",
    "009": "The receiver's ID is not known",
    "010": "The kind of authorization is not valid",
    "011": "The authorization is not valid",
    "012": "The kind of password is not valid",
    "013": "The password is not valid",
    "014": "The date of the file is not valid",
    "015": "The time of the file is not valid",
    "016": "The name of the standard is not valid",
    "017": "The version of the envelope is not valid",
    "018": "The file's number is not valid",
    "019": "Whether an acknowledgment is wanted is not said in a valid way",
    "020": "Test or production is not said in a valid way",
    "021": "The number of groups is not valid",
    "022": "The envelope is not built as it must be",
    "023": "The file ends too early",
    "024": "What is inside of the envelope is not valid",
    "025": "A file with this number came before",
    "026": "The character between elements is not valid",
    "027": "The character between components is not valid",
    "028": "The date of a deferred delivery is not valid",
    "029": "The time of a deferred delivery is not valid",
    "030": "The time code of a deferred delivery is not valid",
    "031": "The wanted kind of service is not valid",
}

SEGMENT_ERRORS: Final = {
    "1": "Segment is not known",
    "2": "Segment is not expected here",
    "3": "A required segment is missing",
    "4": "Loop occurs too often",
    "5": "Segment occurs too often",
    "6": "Segment does not belong to a claim file",
    "7": "Segment is in the wrong order",
    "8": "Something in the segment is wrong",
    "I4": "Segment must not be used in claims",
    "I6": "A segment is missing that something else requires",
    "I7": "Loop occurs too seldom",
    "I8": "Segment occurs too seldom",
    "I9": "Segment must not be used beside something else",
}

ELEMENT_ERRORS: Final = {
    "1": "A required value is missing",
    "2": "A value is missing that another one requires",
    "3": "Too many elements",
    "4": "Value is too short",
    "5": "Value is too long",
    "6": "Value has a character that is not allowed",
    "7": "Value is not in the code list",
    "8": "Date is not valid",
    "9": "Time is not valid",
    "10": "Values exclude each other",
    "11": "Too many values repeat",
    "12": "Value repeats too often",
    "13": "Too many components",
    "I6": "Code is not used in claims",
    "I9": "A value is missing that something else requires",
    "I10": "Value must not be given in claims",
    "I11": "Value repeats too seldom",
    "I12": "Value does not have the form it must have",
    "I13": "Value must not be given beside something else",
}

SET_ERRORS: Final = {
    "1": "The receiver does not take this kind of transaction set",
    "2": "The end of the transaction set is missing",
    "3": "The number of the transaction set at its beginning and end differ",
    "4": "The count of segments is wrong",
    "5": "One or more segments are wrong",
    "6": "The kind of the transaction set is missing or not valid",
    "7": "The number of the transaction set is missing or not valid",
    "8": "The name of the authentication key is not known",
    "9": "The name of the encryption key is not known",
    "10": "The wanted security is not available",
    "11": "The recipient of the encryption is not known",
    "12": "The length of the encrypted text is wrong",
    "13": "Authentication failed",
    "15": "The sender of the encryption is not known",
    "16": "The decrypted text is wrong",
    "17": "The receiver takes no security",
    "18": "The transaction set does not belong into the group",
    "19": "The version of the transaction set is not valid",
    "23": "The number of the transaction set came before in the group",
    "24": "The end of an outer security part is missing",
    "25": "The beginning of an outer security part is missing",
    "26": "The end of an inner security part is missing",
    "27": "The beginning of an inner security part is missing",
    "I5": "One or more segments break the rules for claims",
    "I6": "The receiver does not take this version for claims",
}

GROUP_ERRORS: Final = {
    "1": "The receiver does not take this kind of group",
    "2": "The receiver does not take this version",
    "3": "The end of the group is missing",
    "4": "The number of the group at its beginning and end differ",
    "5": "The count of transaction sets is wrong",
    "6": "The number of the group is not valid",
    "10": "The name of the authentication key is not known",
    "11": "The name of the encryption key is not known",
    "12": "The wanted security is not available",
    "13": "The recipient of the encryption is not known",
    "14": "The sender of the encryption is not known",
    "15": "The decrypted text is wrong",
    "16": "The receiver takes no security",
    "17": "The length of the encrypted text is wrong",
    "18": "Authentication failed",
    "19": "The number of the group came before in the file",
    "23": "The end of an outer security part is missing",
    "24": "The beginning of an outer security part is missing",
    "25": "The end of an inner security part is missing",
    "26": "The beginning of an inner security part is missing",
}

#: Codes of IK403 about a value that is missing, or not as it must be: it was typed somewhere.
VALUE_ERRORS: Final = frozenset(("1", "2", "4", "5", "6", "7", "8", "9", "I6", "I9", "I12"))
