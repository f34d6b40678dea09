"""Would this token have been let in, and which rule refuses it?

`form` takes a token apart and believes nothing, `keyset` holds the keys that are trusted and what is known of each,
`policy` what a service expects, `rules` the fifteen rules, `verify` their order, `record` what is logged of a token, and
`asgi` sets all of it before a web application.
"""
