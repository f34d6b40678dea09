"""Tokens that a validator must refuse, made at run time with throw-away keys, and what a validator of one's own does with them.

`smith` holds the keys and makes genuine tokens, `corpus` the forgeries, `saml` those that are no JSON Web Tokens, `target`
reaches the validator (a loopback address or a command, nothing else), and `trial` puts the one before the other.
"""
