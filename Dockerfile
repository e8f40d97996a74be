# Runs workers, services and commands. The demo is not for this image: it starts a broker of its own.
FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/lead-qualifier
COPY pyproject.toml constraints.txt LICENSE README.md ./
# Dependencies first, in a layer that is reused while only the program changes.
RUN mkdir -p app/lead_qualifier && echo '__version__ = "0"' >app/lead_qualifier/__init__.py \
    && /opt/lead-qualifier/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt .
COPY app app
RUN /opt/lead-qualifier/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --force-reinstall .

FROM python:3.11-slim
LABEL org.opencontainers.image.title="lead-qualifier" \
      org.opencontainers.image.description="Turns live lead scores into qualified leads, exactly once" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/lead-qualifier lead-qualifier
COPY --from=build /opt/lead-qualifier /opt/lead-qualifier
# Health and metrics must be reachable from outside the container. Which port is published is the user's choice.
ENV PATH=/opt/lead-qualifier/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LEAD_QUALIFIER_WEB_HOST=0.0.0.0 \
    LEAD_QUALIFIER_WEB_PORT=6066
USER lead-qualifier
WORKDIR /var/lib/lead-qualifier
EXPOSE 6066
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['LEAD_QUALIFIER_WEB_PORT'] + '/health/live', timeout=4)"]
ENTRYPOINT ["lead-qualifier"]
CMD ["worker"]
