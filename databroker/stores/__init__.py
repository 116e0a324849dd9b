"""Where documents are kept: one protocol, several stores."""
