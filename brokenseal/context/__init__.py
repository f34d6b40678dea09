"""Tables to acts: each access in its visit, each visit with its network, its issuance and its history.

One file, one step; `pipeline` runs them in the order it names. A step reads tables, writes tables, and knows no other
step.
"""

LOOK_BACK_MINUTES = 28 * 60 + 5
"""The longest life of a token (28 hours with continuous access evaluation) and the five minutes it is back-dated by."""
FINAL_HOURS = 72
"""Sign-in logs are complete after three days at the latest."""
