"""Dataverse: decisions about a lead, written to its row in Dynamics 365."""
