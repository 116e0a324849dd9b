"""What is run in environments of its own is not collected here."""

collect_ignore = ["databroker"]
