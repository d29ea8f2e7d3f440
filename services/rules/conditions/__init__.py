"""What conditions can ask, a file a field: the file's name is the field's, its docstring what the console shows.

A file has `KIND` and `read(view)`, and `CHOICES` where the field has known values; a family of fields has
`read_of(name)` instead, and is asked for as `<file>.<name>`.
"""
