"""The editor of a qualification model: the same definition as fields of a form and as YAML."""
