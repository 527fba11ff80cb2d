"""How do other tools read it? Tables, folders of pictures with captions, sidecars.

What is exported stands in the database: nothing here scores, or decides a tag.
"""
