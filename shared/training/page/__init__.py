"""How good is each classifier, to look at? One HTML page that needs nothing beside it."""
