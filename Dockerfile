# The steps are those of .ci/install-wheel, which `make test` runs too.
FROM python:3.11-slim AS build
WORKDIR /src
COPY . .
RUN .ci/install-wheel /opt/venuenet

FROM python:3.11-slim
COPY --from=build /opt/venuenet /opt/venuenet
ENV PATH=/opt/venuenet/bin:$PATH PYTHONUNBUFFERED=1
# /data belongs to the user before it becomes a volume, so that a named volume is writable.
RUN useradd --create-home --uid 10001 venuenet && install -d -o venuenet -g venuenet /data
USER venuenet
VOLUME /data
EXPOSE 8000
# The first start builds its snapshot.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5m \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["venuenet", "serve", "--host", "0.0.0.0", "--port", "8000", "--data", "/data"]
