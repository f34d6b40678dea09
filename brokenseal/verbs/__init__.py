"""One file a verb; `cli` finds them by scan."""
