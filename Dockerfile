# Runs workers, services, the console and commands. The demo is not for this image: the brokers that it starts are an extra.
#
# What is in it: `make sbom` lists the Python packages and their licenses.
#
# A tag may change its content. To build on the same bytes each time, name the base by its digest, which
# `docker buildx imagetools inspect python:3.11-slim` prints: --build-arg PYTHON_IMAGE=python:3.11-slim@sha256:...
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
RUN apt-get update -qq && apt-get install --yes -qq --no-install-recommends binutils >/dev/null
# Without pip, which installs from outside: what runs needs no installer.
RUN python -m venv --without-pip /opt/lead-qualifier
COPY pyproject.toml constraints.txt LICENSE README.md ./
# Dependencies first, in a layer that is reused while only the program changes.
RUN mkdir -p app/lead_qualifier && echo '__version__ = "0"' >app/lead_qualifier/__init__.py \
    && python -m pip --python /opt/lead-qualifier/bin/python install \
        --no-cache-dir --disable-pip-version-check --no-compile --constraint constraints.txt '.[console,otel]' \
    # The console speaks English and German: Babel's data for all other languages would be 30 MB.
    && find /opt/lead-qualifier/lib -path '*/babel/locale-data/*.dat' \
        ! -name 'root.dat' ! -name 'de*.dat' ! -name 'en*.dat' -delete \
    # Symbols that nothing links against, for debuggers: 30 MB.
    && find /opt/lead-qualifier/lib -type f -name '*.so*' -exec strip --strip-unneeded {} +
COPY app app
# Compile what the program imports, by importing it: most of what packages bring is never run (20 MB).
RUN python -m pip --python /opt/lead-qualifier/bin/python install \
        --no-cache-dir --disable-pip-version-check --no-compile --no-deps --force-reinstall . \
    && /opt/lead-qualifier/bin/python -c 'import importlib, pkgutil, lead_qualifier as program; \
        [importlib.import_module(found.name) for found in pkgutil.walk_packages(program.__path__, "lead_qualifier.") \
        if not found.name.startswith("lead_qualifier.demo") and not found.name.endswith("__main__")]'

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="lead-qualifier" \
      org.opencontainers.image.description="Turns live lead scores into qualified leads, exactly once" \
      org.opencontainers.image.licenses="Apache-2.0"
# By number: Kubernetes can tell that it is not root. The base's pip and setuptools are not needed either.
RUN groupadd --system --gid 10001 lead-qualifier \
    && useradd --system --uid 10001 --gid 10001 --create-home --home-dir /var/lib/lead-qualifier lead-qualifier \
    && rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/ensurepip \
        /usr/local/lib/python3*/site-packages/pip* /usr/local/lib/python3*/site-packages/setuptools* \
        /usr/local/lib/python3*/site-packages/wheel*
COPY --from=build /opt/lead-qualifier /opt/lead-qualifier
# Health and metrics must be reachable from outside the container. Which port is published is the user's choice. The pages of
# the console are 6070, and inside the container only, until LEAD_QUALIFIER_CONSOLE_HOST and _OIDC_ISSUER are set.
# Nothing is written (docker run --read-only), but for the console's SQLite file in LEAD_QUALIFIER_DATA_DIR.
ENV PATH=/opt/lead-qualifier/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LEAD_QUALIFIER_WEB_HOST=0.0.0.0 \
    LEAD_QUALIFIER_WEB_PORT=6066
USER 10001:10001
WORKDIR /var/lib/lead-qualifier
EXPOSE 6066 6070
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['LEAD_QUALIFIER_WEB_PORT'] + '/health/live', timeout=4)"]
ENTRYPOINT ["lead-qualifier"]
CMD ["worker"]
