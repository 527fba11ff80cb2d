"""How do other tools read it? Tables, folders of pictures with captions or to be sorted, sidecars.

What is exported stands in the database or was suggested: nothing here scores, or decides a tag.
"""
