"""What is remembered? Tables, connection, and the statements that the flow needs, by subject.

No statement commits, and nothing here decides what is to be done.
"""
