"""Who may do what: people and their roles, sessions, and the guard around the application."""
