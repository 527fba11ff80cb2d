"""How good is each classifier, to look at? An overview and a page a tag, which load nothing."""
