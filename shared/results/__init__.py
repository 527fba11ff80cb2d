"""What is left on the disk? The results folder, and files beside it.

Nothing half-written has its name. Nothing here knows where pictures and scores come from.
"""
