# One image for the app and the workers: `sharpcast serve`, `sharpcast work`, `sharpcast up`.
FROM python:3.11-slim AS build
WORKDIR /source
COPY . .
# The wheel that pip installs elsewhere, so that the image has no file that it has not.
RUN python -m venv /opt/sharpcast \
 && /opt/sharpcast/bin/pip wheel --no-cache-dir --disable-pip-version-check --no-deps \
    --wheel-dir /dist . \
 && /opt/sharpcast/bin/pip install --no-cache-dir --disable-pip-version-check \
    -c constraints.txt /dist/sharpcast-*.whl

FROM python:3.11-slim
COPY --from=build /opt/sharpcast /opt/sharpcast
RUN useradd --system --create-home --shell /usr/sbin/nologin sharpcast \
 && install -d -o sharpcast -g sharpcast /var/cache/sharpcast \
 && install -d -o sharpcast -g sharpcast /var/lib/sharpcast/recordings
USER sharpcast
WORKDIR /home/sharpcast
ENV PATH=/opt/sharpcast/bin:$PATH PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/var/cache/sharpcast NUMBA_CACHE_DIR=/var/cache/sharpcast/numba
STOPSIGNAL SIGTERM
ENTRYPOINT ["sharpcast"]
CMD ["up"]
