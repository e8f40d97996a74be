"""What a program needs that speaks to a running installation: giving commands, reading topics, announcing, feeding."""
