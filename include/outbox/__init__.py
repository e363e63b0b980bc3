"""Files on their way: stored with their numbers, delivered with the bytes they were stored with, found out about.

Who builds a file (`claims_submission`) and who reads its answers (`clearinghouse_inbox`) meet here. The protocol and
its reasons: docs/decisions/0007.
"""
