"""What is in a pickle? A data-only reader, because no library reads one without running it.

`machine` goes through the opcodes, `tokens` and `arrays` say what may be in them, `schemas` knows
the estimators. Nothing here knows of tags or files.
"""
