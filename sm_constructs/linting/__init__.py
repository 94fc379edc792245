"""``sm-constructs check``: the templates in files and folders, and what was found in them, for people and for tools."""
