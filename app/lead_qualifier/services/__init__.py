"""What every service on the engine runs in: a process with Faust, tables of rules, health, metrics and a watchdog."""
