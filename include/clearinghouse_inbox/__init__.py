"""Clearinghouse inbox: answers of receivers are collected, applied to files and claims, and missed when overdue."""
