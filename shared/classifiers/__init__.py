"""What does a .pkl say? Classifier files as plain numbers, and the scores that these give.

Files are read as data, and no code of theirs is run; vectors are looked up elsewhere.
"""
