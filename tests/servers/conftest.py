"""What is run by itself is not collected here."""

collect_ignore = ["databroker", "ferretdb"]
