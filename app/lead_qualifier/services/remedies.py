"""What to do about Kafka's errors, by the names of this program's settings and commands."""

from __future__ import annotations

from lead_qualifier.kafka.errors import (
    BrokerUnreachable,
    LoginRefused,
    NotAllowed,
    TopicMissing,
    UnusableConnection,
    UnusableFile,
)

CREATE_TOPICS = "create the topics first (lead-qualifier topics create, with --downstream those of the services)"
ADD_ACL = "have the ACL added (`lead-qualifier acls print` lists what each service needs), or use other credentials"


def with_remedy(error: BaseException) -> str:
    """The error's message, and what to do where that is known."""
    match error:
        case UnusableFile():
            return f"KAFKA_{error.field.upper()}: {error.path} {error.problem}"
        case UnusableConnection():
            return f"{error}; check the settings that begin with KAFKA_SSL_ and KAFKA_SASL_"
        case LoginRefused():
            return f"{error}; check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
        case BrokerUnreachable():
            return (
                f"{error}; check that it runs and that KAFKA_BOOTSTRAP_SERVERS (host:port) and KAFKA_SECURITY_PROTOCOL "
                "are right, or unset KAFKA_BOOTSTRAP_SERVERS to have `lead-qualifier demo` start one"
            )
        case NotAllowed():
            return f"{error}; {ADD_ACL}"
        case TopicMissing():
            return f"{error}: {CREATE_TOPICS}, or set LEAD_QUALIFIER_TOPIC_PREFIX to what the workers use"
    return str(error)
