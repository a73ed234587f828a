"""One module per migration, expand first, contract a release later."""
