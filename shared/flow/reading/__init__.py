"""How are members read? In slices, here or by workers, into readings that the database takes.

What is known already is not done again. Nothing is scored here.
"""
