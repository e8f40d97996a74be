"""What German users of Dynamics 365 call the fields and values of the contract."""

TERMS: dict[str, str] = {
    "status": "Status",
    "status_reason": "Statusgrund",
    "sales_ready": "Vertriebsbereit",
    # Status
    "open": "Offen",
    "qualified": "Qualifiziert",
    "disqualified": "Disqualifiziert",
    # Status reason
    "new": "Neu",
    "contacted": "Kontaktiert",
    "marketing_qualified": "Marketingqualifiziert",
    "lost": "Verloren",
    "cannot_contact": "Kontaktaufnahme nicht möglich",
    "no_longer_interested": "Nicht mehr interessiert",
    "canceled": "Abgebrochen",
    # Status of what people define
    "draft": "Entwurf",
    "live": "Live",
    "stopped": "Angehalten",
    # Kinds of definition, and features
    "model": "Qualifizierungsmodell",
    "journey": "Journey",
    "assignment": "Zuweisung",
    "sequence": "Sequenz",
    "follow-up": "Nachverfolgung",
    "lead-management": "Leadverwaltung",
    # Who owns a lead
    "seller": "Vertriebsmitarbeiter",
    "team": "Team",
    "queue": "Warteschlange",
}
