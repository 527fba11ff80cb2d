"""What is in these bytes? One decoded picture, or the fate that keeps it from being one.

Vectors are made in `embedders`. Only here is Pillow given what strangers wrote;
nothing is written or re-encoded, and no archive is known.
"""
