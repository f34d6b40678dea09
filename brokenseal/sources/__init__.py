"""Raw files to records and tables. One file, one log.

`recognise` says by content what a file is, `lines` yields its rows, a log's own file (`unified_audit`, `entra_signin`) says
what its records mean, `second` reads again what the fast reader refused, `take` does one file and `ingest` all of them.
"""
