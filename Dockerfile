# lmskit in a container: the versions of requirements.lock, each checked by its hash, and the wheel of this checkout.
#
#   docker build --tag lmskit .
#
# docs/containers.md says how the digest of a base image is found, and compose.yaml what runs in the image.
ARG PYTHON_IMAGE=python:3.13.15-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

# --- build: everything that the image is made with, and nothing of which is in it --------------------------------------------

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /source
COPY requirements.lock ./
COPY scripts/pinned_requirements.py scripts/
RUN python3 scripts/pinned_requirements.py < requirements.lock > packages.txt \
 && python3 scripts/pinned_requirements.py hatchling < requirements.lock > tools.txt
RUN python3 -m venv --without-pip /opt/lmskit \
 && python3 -m venv /opt/tools \
 && /opt/tools/bin/python -m pip --python /opt/lmskit/bin/python install --require-hashes --only-binary :all: --requirement packages.txt
RUN /opt/tools/bin/python -m pip install --require-hashes --only-binary :all: --requirement tools.txt
COPY pyproject.toml hatch_build.py README.md LICENSE alembic.ini ./
COPY lmskit lmskit
COPY migrations migrations
COPY notebooks notebooks
RUN /opt/tools/bin/python -m hatchling build --target wheel --directory dist \
 && /opt/tools/bin/python -m pip --python /opt/lmskit/bin/python install --no-index --no-deps dist/*.whl \
 && /opt/lmskit/bin/python -m compileall -q -j 0 /opt/lmskit/lib \
 && /opt/lmskit/bin/lmskit --version

# --- the image: Python, the environment, two scripts and a user ------------------------------------------------------------------

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="lmskit" \
      org.opencontainers.image.description="A notebook-driven learning-analytics workbench for a course platform, over PostgreSQL" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --user-group --create-home --home-dir /var/lib/lmskit --shell /usr/sbin/nologin lmskit \
 && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/lmskit/home /var/lib/lmskit/work /var/lib/lmskit/mail \
    /var/lib/lmskit/backups
COPY --from=build /opt/lmskit /opt/lmskit
COPY containers/every.sh containers/init.sh /opt/lmskit/containers/
ENV PATH=/opt/lmskit/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/var/lib/lmskit \
    LMSKIT_HOME=/var/lib/lmskit/home \
    LMSKIT_WORKSPACE=/var/lib/lmskit/work \
    LMSKIT_MAIL_DIR=/var/lib/lmskit/mail \
    NUMBA_CACHE_DIR=/tmp/numba \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/lmskit
ENTRYPOINT ["lmskit"]
CMD ["--help"]
