"""Where do pictures come from? Archives, folders and object storage, all as the same two streams.

Containers are found, and their members yielded with their bytes or why they cannot be had.
Nothing here knows what a picture is, or what has been seen before.
"""
