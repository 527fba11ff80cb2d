"""What is in a zip archive, hostile ones included? Nothing else in the project opens one.

Stored and deflated entries are unpacked here, under limits. No library takes its place: the
standard library's zipfile loses whole archives for one bad entry, opens some of which readers
disagree, and reads members that do not match their directory.
"""
