"""Runs of stage 4 that are killed, starved and failed on purpose, and what must stand then."""
