# syntax=docker/dockerfile:1
# One image per service: `docker build --build-arg SERVICE=intake .`
# SERVICE is a service's folder, or `front` (home page, sign-in, static files), which holds shared/ alone.
# `--target streams` with SERVICE=reporting builds the Faust worker, whose requirements do not agree with the
# others' (two versions of python-dateutil and click).

FROM node:22-bookworm-slim AS front-end
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# The other services are removed in a stage of their own: a later layer could not take them out of the image.
FROM python:3.11-slim-bookworm AS source
ARG SERVICE
WORKDIR /source
COPY shared shared
COPY services services
RUN test "$SERVICE" = front || test -f "services/$SERVICE/__init__.py" \
    || { echo "SERVICE must be a service's folder or 'front', not '$SERVICE'" >&2; exit 1; }
RUN find services -mindepth 1 -maxdepth 1 ! -name __init__.py ! -name "$SERVICE" -exec rm -rf {} +

FROM python:3.11-slim-bookworm AS requirements
COPY requirements/base.txt .
# Wheels only: building from source would fetch build tools that no hash covers.
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes \
    --only-binary :all: -r base.txt

FROM python:3.11-slim-bookworm AS requirements-streams
COPY requirements/streams.txt .
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes \
    --only-binary :all: -r streams.txt

FROM python:3.11-slim-bookworm AS runtime
RUN useradd --uid 10001 --gid 0 --no-create-home --home-dir /app --shell /usr/sbin/nologin insieme
ARG SERVICE
ENV SERVICE=$SERVICE PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    INSIEME_HOME=/tmp/insieme INSIEME_PROBE_PORT=9000
WORKDIR /app
COPY --from=source /source ./

FROM runtime AS streams
COPY --from=requirements-streams /opt/venv /opt/venv
RUN python -c "import services.$SERVICE.streams"
USER 10001
CMD ["sh", "-c", "exec python -m services.$SERVICE.streams worker"]

# The last stage is the default one.
FROM runtime AS service
COPY --from=requirements /opt/venv /opt/venv
COPY --from=front-end /build/node_modules/bootstrap-italia/package.json node_modules/bootstrap-italia/
COPY --from=front-end /build/node_modules/bootstrap-italia/dist node_modules/bootstrap-italia/dist
COPY --from=front-end /build/node_modules/htmx.org/package.json node_modules/htmx.org/
COPY --from=front-end /build/node_modules/htmx.org/dist node_modules/htmx.org/dist
# Every module is imported once: a service that needs another one fails here, not at a user's click.
RUN --mount=type=bind,source=deploy/image_imports.py,target=/tmp/image_imports.py \
    python /tmp/image_imports.py "$SERVICE"
USER 10001
EXPOSE 8000 9000
# The api. The gateway takes the prefix off, --root-path gives it back to the pages' links. The worker is
# `python -m services.$SERVICE worker`, the migration `python -m shared.db migrate --service $SERVICE`.
CMD ["sh", "-c", "if [ \"$SERVICE\" = front ]; then set -- shared.web.front:create_app; else set -- shared.web.alone:create_app --root-path /$SERVICE; fi; exec uvicorn --factory \"$@\" --host 0.0.0.0 --port 8000 --proxy-headers --forwarded-allow-ips '*' --no-access-log --no-server-header --timeout-graceful-shutdown 20"]
