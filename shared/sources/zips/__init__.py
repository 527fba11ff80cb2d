"""What is in a zip archive, hostile ones included? Nothing else in the project opens one.

Stored and deflated entries are unpacked here, under limits. No library takes its place: of the 205
archives of `tests.archive_cases` the standard library loses 6 whole for one bad entry, opens 18
that are refused here, most as readers disagree on them, and reads members of 30 that are refused.
"""
