"""Property tests search; a busy machine is no finding."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "lead-qualifier", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("lead-qualifier")
